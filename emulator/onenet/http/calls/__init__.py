"""The calls of the API, a file for each subject: `ROUTES`, and what each route calls."""
