"""The plan's own contract: `/api/{user_id}/tasks…`, for clients written for it."""
