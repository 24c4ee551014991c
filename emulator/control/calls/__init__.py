"""What each call of the page does; each file has `routes(control)`."""
