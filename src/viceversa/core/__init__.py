"""What every method is written on: spaces and domains, journeys, objectives, plans, phases. No files and no flags."""
