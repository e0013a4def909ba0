"""Give platforms patterns of their secrets, and those of NAPALM's core drivers the shipped ones."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import devices.validators
from devices.secret_patterns import BY_DRIVER


def fill_in(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    platforms = apps.get_model("devices", "Platform").objects
    for driver, patterns in BY_DRIVER.items():
        platforms.filter(driver=driver, secret_patterns="").update(secret_patterns=patterns)


class Migration(migrations.Migration):
    dependencies = [("devices", "0005_tag_max_age")]
    operations = [
        migrations.AddField(
            model_name="platform",
            name="secret_patterns",
            field=models.TextField(
                blank=True,
                help_text="Regular expressions, one a line, with a group around the secret: who may not read secrets "
                "sees a marker in its place.",
                validators=[devices.validators.validate_secret_patterns],
            ),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
