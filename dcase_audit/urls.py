from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from dcase_audit import operations, problems
from dcase_audit.accounts.views import admin_login

urlpatterns = [
    path("api/v1/", include("dcase_audit.api_urls")),
    path("problems/<slug:slug>", problems.page, name="problem"),
    path("livez", operations.livez, name="livez"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics_page, name="metrics"),
    # Its own login counts no failures and its own change of the password records nothing.
    path("admin/login/", admin_login),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/", admin.site.urls),
    path("", include("dcase_audit.pages_urls")),
]

handler400 = "dcase_audit.api_errors.bad_request"
handler403 = "dcase_audit.api_errors.permission_denied"
handler404 = "dcase_audit.api_errors.page_not_found"
handler500 = "dcase_audit.api_errors.server_error"
