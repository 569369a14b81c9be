"""The RSGI application that the server loads: Django behind `config.front`."""

from config.front import Front
from config.wsgi import application as django_application

application = Front(django_application)
