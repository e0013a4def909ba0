"""URLs of the pages of schedules."""

from django.urls import path

from scheduling import views

app_name = "schedules"
urlpatterns = [path("schedules/week/", views.week, name="week")]
