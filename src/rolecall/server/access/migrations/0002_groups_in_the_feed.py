import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="change",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="access.account",
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="kind",
            field=models.CharField(
                choices=[
                    ("joined", "Joined"),
                    ("left", "Left"),
                    ("role changed", "Role"),
                    ("added to", "Added"),
                    ("removed from", "Removed"),
                    ("edited", "Edited"),
                    ("group created", "Group created"),
                    ("group renamed", "Group renamed"),
                    ("group deleted", "Group deleted"),
                ],
                max_length=16,
            ),
        ),
    ]
