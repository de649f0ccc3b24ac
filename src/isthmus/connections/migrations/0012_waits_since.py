from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0011_budget"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="waits_since",
            field=models.DateTimeField(null=True),
        ),
        # Each page says how many connections are troubled: neither the documents of all goals nor
        # all that ever ran is read for that.
        migrations.RunSQL(
            "CREATE INDEX goal_active ON connections_goal (connection_id)"
            " WHERE coalesce((document ->> 'active')::boolean, true)",
            "DROP INDEX goal_active",
        ),
        migrations.RunSQL(
            "CREATE INDEX rungoal_failed ON connections_rungoal (goal_id, id)"
            " WHERE state = 'failed'",
            "DROP INDEX rungoal_failed",
        ),
    ]
