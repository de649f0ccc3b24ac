"""Whether the application works, for whoever watches it."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from isthmus.web.access import Anyone, access


@access(Anyone.EVERYBODY)
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 where the database answers, else 503; nothing about the data."""
    del request
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "no answer"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})
