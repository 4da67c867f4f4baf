"""People's accounts without a person, and accounts without a seat, are counted by an index."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0002_groups_in_the_feed'),
        ('people', '0002_person_words'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='account', name='access_account_link'),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(fields=['app', 'link'], name='access_account_link', condition=Q(present=True, type='human')),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(fields=['app'], name='access_account_seatless', condition=Q(present=True) & (Q(seat=False) | Q(seat=None))),
        ),
    ]
