"""Verify on sign-up with Django: two views and a webhook, in one file so that it runs by itself.

In a project of yours: the views go into views.py, the paths into urls.py, and a model takes the place of the cache.
"""

import json
import os
import sys
from typing import Any

from django.conf import settings

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "only for this example"),
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    )

from django.core.cache import cache
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from likeness import ApiError, ApiRefused, Client, SignatureInvalid, Webhook

client = Client(
    os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000"), key=os.environ.get("LIKENESS_API_KEY"), patience_s=5
)
webhook = Webhook(os.environ["LIKENESS_WEBHOOK_SECRET"])


@csrf_exempt  # here, so that curl can call it; your page has a token
def sign_up(request: HttpRequest, name: str) -> HttpResponse:
    """POST takes the two photographs and answers at once; GET says how it stands."""
    if request.method != "POST":
        found = cache.get(f"sign-up-{name}")
        return JsonResponse(found or {"say": "unknown"}, status=200 if found else 404)
    if not {"id_card", "selfie"} <= request.FILES.keys():
        return JsonResponse({"say": "Send id_card and selfie."}, status=422)
    try:
        client.submit(
            request.FILES["id_card"].read(),
            request.FILES["selfie"].read(),
            policy="require_one",
            metadata=json.dumps({"sign_up": name}),
            idempotency_key=f"sign-up-{name}",  # sent twice it is one job
        )
    except ApiError as error:
        if isinstance(error, ApiRefused) and not error.retryable:
            return JsonResponse({"say": str(error), "code": error.code}, status=422)
        return JsonResponse({"say": "Please try again in a moment."}, status=503)
    cache.add(f"sign-up-{name}", {"state": "checking", "say": ""}, timeout=None)  # not where the event was faster
    return JsonResponse({"state": "checking"}, status=202)


@csrf_exempt  # Likeness has no token of yours: the signature says who it is
@require_POST
def likeness_event(request: HttpRequest) -> HttpResponse:
    """At least once: an id that is known was dealt with."""
    try:
        told = webhook.verify(request.body, dict(request.headers))
    except SignatureInvalid:
        return HttpResponse(status=401)
    data = told["data"]
    is_new = cache.add(request.headers["webhook-id"], True, timeout=7 * 86400)
    if is_new and told["type"].startswith("comparison.") and "sign_up" in data["metadata"]:
        state, say = outcome(data)
        cache.set(f"sign-up-{data['metadata']['sign_up']}", {"state": state, "say": say}, timeout=None)
    return HttpResponse(status=204)


def outcome(data: dict[str, Any]) -> tuple[str, str]:
    """The four answers, and what the person is told."""
    if data["status"] != "succeeded":
        return "again", "We could not check your photographs. Please send them again."
    if data["outcome"] == "not_acquired":
        return "again", " ".join(f"{fault['side']}: {fault['detail']}." for fault in data["reasons"])
    if data["decision"] == "match":
        return "verified", "Thank you."
    return "review", "A colleague will look at your photographs."


urlpatterns = [path("sign-ups/<str:name>", sign_up), path("likeness", likeness_event)]
application = get_wsgi_application()  # for gunicorn

if __name__ == "__main__":
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"127.0.0.1:{os.environ.get('PORT', '8001')}"])
