"""Forms of the console with a button that shows what would be, and saves nothing."""

from typing import TYPE_CHECKING, Any

from django import forms

if TYPE_CHECKING:
    _Form = forms.ModelForm[Any]
else:
    _Form = object


class Previewing(_Form):
    """For a form whose page has a button named `_preview`."""

    @property
    def previewing(self) -> bool:
        """Whether it was sent only to see what it would do."""
        return "_preview" in self.data

    def is_valid(self) -> bool:
        """Never for a preview: nobody is to save that."""
        return super().is_valid() and not self.previewing
