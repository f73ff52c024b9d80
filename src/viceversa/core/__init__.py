"""The core that every method builds on: spaces, domains, journeys, objectives, plans and phases. It knows no files and no flags."""
