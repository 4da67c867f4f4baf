"""The price of seats."""

import django.db.models.deletion
from django.db import migrations, models

import rolecall.server.ids


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeatPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', rolecall.server.ids.PublicIdField(prefix='sea')),
                ('price', models.DecimalField(decimal_places=2, max_digits=10)),
                ('currency', models.CharField(max_length=3)),
                ('purchased', models.PositiveIntegerField(null=True)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.CharField(max_length=254)),
                ('app', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='seat_plan', to='access.app')),
            ],
            options={
                'ordering': ('app', 'id'),
            },
        ),
    ]
