"""What the endpoints of version 1 take and give, by resource."""
