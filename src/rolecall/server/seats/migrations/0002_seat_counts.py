"""How many seats were taken when: counted once, from the periods there are."""

import django.db.models.deletion
from django.db import migrations, models


def count(apps, schema_editor):
    """Write down what is known of the past."""
    del schema_editor
    from rolecall.server.access.models import App
    from rolecall.server.seats.counted import recount

    for key in apps.get_model("access", "App").objects.values_list("pk", flat=True):
        recount(App(pk=key))


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("seats", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SeatCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("taken", models.IntegerField()),
                ("roles", models.JSONField(default=dict)),
                (
                    "app",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seat_counts",
                        to="access.app",
                    ),
                ),
            ],
            options={
                "ordering": ("app", "at"),
                "constraints": [
                    models.UniqueConstraint(fields=("app", "at"), name="seats_count_once")
                ],
            },
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
