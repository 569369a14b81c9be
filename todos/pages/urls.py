app_name = "todos"
urlpatterns: list = []
