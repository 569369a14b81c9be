"""What every endpoint's view starts from."""

from rest_framework.request import Request
from rest_framework.views import APIView

CHALLENGE = "Bearer"


class Endpoint(APIView):
    """An endpoint of the API: closed, unless the class says otherwise."""

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme for every 401, also where no door stands before the view."""
        return CHALLENGE
