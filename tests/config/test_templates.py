"""The sources of all templates: their lines, and the icons that they show."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import get_template
from django.templatetags.static import static

from config.templatetags import icons
from tests.tables import as_one_test

TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.*"))
LINE_MAX = 120


def named(paths):
    return [str(path.relative_to(settings.BASE_DIR)) for path in paths]


def test_finds_the_templates():
    assert {"templates/base.html", "templates/account/login.html"} <= set(
        named(TEMPLATES)
    )


@as_one_test
@pytest.mark.parametrize("path", TEMPLATES, ids=named(TEMPLATES))
def test_has_no_long_line(path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)

    assert [number for number, line in lines if len(line) > LINE_MAX] == []


@as_one_test
@pytest.mark.parametrize("path", TEMPLATES, ids=named(TEMPLATES))
def test_draws_no_icon_by_itself(path):
    source = path.read_text("utf-8")
    drawn = source.replace('<svg class="qr"', "").replace('<path d="{{ qr_rows }}"', "")

    assert not re.search(r"<(svg|use|path)\b|icons\.svg", drawn)


# --- Indentation --------------------------------------------------------------------


def test_pages_are_loaded_without_the_indentation_of_their_lines():
    source = (settings.BASE_DIR / "templates" / "base.html").read_text("utf-8")
    loaded = get_template("base.html").template.source

    assert source != loaded
    assert [line.lstrip(" ") for line in source.splitlines()] == loaded.splitlines()


def test_mails_are_loaded_as_they_are():
    name = "account/email/security_event_message.txt"
    source = (settings.BASE_DIR / "templates" / name).read_text("utf-8")

    assert get_template(name).template.source == source


@as_one_test
@pytest.mark.parametrize("path", TEMPLATES, ids=named(TEMPLATES))
def test_no_shown_blanks_depend_on_the_indentation(path):
    blocks = re.findall(
        r"<(pre|textarea)\b[^>]*>(.*?)</\1>", path.read_text("utf-8"), re.DOTALL
    )

    assert [text for _, text in blocks if re.search(r"\n[ \t]", text)] == []


# --- The tag ------------------------------------------------------------------------


def rendered(text, **context):
    return Template("{% load icons %}" + text).render(Context(context))


def test_refers_to_the_shape_and_is_hidden_from_screen_readers():
    assert rendered('{% icon "trash" %}') == (
        '<svg class="icon" aria-hidden="true">'
        f'<use href="{static("img/icons.svg")}#trash"/></svg>'
    )


def test_takes_another_class():
    assert '<svg class="icon mark" ' in rendered('{% icon "mark" "icon mark" %}')


def test_escapes_the_class():
    assert '<svg class="&quot;&gt;" ' in rendered('{% icon "mark" css %}', css='">')


@pytest.mark.parametrize("name", ["nothing", "", "Trash", "trash#", "../trash"])
def test_an_unknown_name_raises(name):
    with pytest.raises(TemplateSyntaxError, match="There is no icon named"):
        rendered("{% icon '" + name + "' %}")


def test_the_shapes_are_those_of_the_file_that_is_served():
    assert finders.find("img/icons.svg") == str(icons.SHAPES)


def test_every_icon_that_a_template_names_is_there():
    used = {
        name
        for path in TEMPLATES
        for name in re.findall(r'{% icon "([^"]*)"', path.read_text("utf-8"))
    }

    assert len(used) > 12
    assert used - icons.names() == set()
