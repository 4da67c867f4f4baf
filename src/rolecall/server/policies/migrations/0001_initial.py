"""Policies about workspace owners and membership admins."""

import django.db.models.deletion
from django.db import migrations, models

import rolecall.server.ids


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '0001_initial'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RolePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', rolecall.server.ids.PublicIdField(prefix='pol')),
                ('role', models.CharField(choices=[('owner', 'Workspace owner'), ('membership_admin', 'Membership admin')], max_length=20)),
                ('at_least', models.PositiveIntegerField(default=0)),
                ('at_most', models.PositiveIntegerField(null=True)),
                ('only_named', models.BooleanField(default=False)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.CharField(max_length=254)),
                ('app', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='role_policies', to='access.app')),
                ('persons', models.ManyToManyField(related_name='+', to='people.person')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('app', 'role'), name='policies_role_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('at_most', None), ('at_most__gte', models.F('at_least')), _connector='OR'), name='policies_role_range')],
            },
        ),
    ]
