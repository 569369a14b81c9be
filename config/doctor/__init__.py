"""What `manage.py doctor` checks of a deployment, one function for each check."""
