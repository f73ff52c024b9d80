"""Does the multicyclic loss pay at equal cost? The plan is in plan.md."""
