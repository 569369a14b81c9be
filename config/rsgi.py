"""The RSGI application that the server loads: Django behind `config.front`."""

from config.front import Front
from config.postgresql.pooling import refuse_unknown_pooler
from config.postgresql.roles import warn_of_unlimited_role
from config.wsgi import application as django_application

refuse_unknown_pooler()
warn_of_unlimited_role()

application = Front(django_application)
