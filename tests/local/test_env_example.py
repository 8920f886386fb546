from infra.docs.settings import ENV_EXAMPLE, SETTINGS_PAGE, env_example, settings_page

HOW = "run `python -m infra.docs.settings`"


def test_the_env_example_names_every_setting_with_its_default() -> None:
    assert ENV_EXAMPLE.read_text(encoding="utf-8") == env_example(), HOW


def test_the_settings_page_names_every_setting_with_its_default() -> None:
    assert SETTINGS_PAGE.read_text(encoding="utf-8") == settings_page(), HOW
