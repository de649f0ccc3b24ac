from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0012_waits_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="letter",
            name="missed",
            field=models.JSONField(default=list),
        ),
        # Of those that were given up before, nobody knows whom a later one has reached.
        migrations.RunSQL(
            'UPDATE connections_letter AS letter SET missed = letter."to" || ('
            "SELECT coalesce(jsonb_agg(each), '[]') FROM jsonb_object_keys(letter.refused) AS each"
            ") WHERE given_up_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="letter",
            index=models.Index(
                condition=models.Q(
                    ("given_up_at__isnull", False), models.Q(("missed", []), _negated=True)
                ),
                fields=["channel"],
                name="letter_missed",
            ),
        ),
    ]
