"""Checks of the command line that the parser does not make."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import pytest
from azure.cli.core.commands.validators import DefaultStr

from azext_flexcompare.planning.command_line import (
    blank_option,
    completed,
    completed_line,
    foreign_option,
    repeated_options,
    unread_files,
)


@pytest.fixture
def parser() -> ArgumentParser:
    parser = ArgumentParser()
    parser.add_argument("--name", "-n", dest="vmss_name")
    parser.add_argument("--instance-ids", "--instance-id", nargs="+", dest="instance_ids")
    parser.add_argument("--scripts", nargs="+")
    parser.add_argument("--parameters", nargs="+")
    parser.add_argument("--protected-parameters", nargs="+")
    parser.add_argument("--add", nargs="+", action="append")
    parser.add_argument("--yes", "-y", action="store_true")
    parser.add_argument("--subscription", dest="_subscription")
    parser.add_argument("--notes")
    parser.add_argument("--settings")
    parser.add_argument("--output", "-o", dest="_output_format")
    return parser


@pytest.mark.parametrize(
    ("words", "repeated"),
    [
        (["-n", "a"], []),
        (["-n", "a", "-n", "b"], ["--name"]),
        (["-n", "a", "--name=a"], ["--name"]),
        (["--instance-ids", "a", "--instance-id", "b", "-n", "x", "-n", "x"], ["--instance-ids", "--name"]),
        (["--add", "tags", "a", "--add", "tags", "b", "-y", "--yes", "-o", "json", "-o", "tsv"], []),
        (["-n", "-n-"], []),
    ],
)
def test_an_option_of_which_only_the_last_would_count_is_found(
    words: list[str], repeated: list[str], parser: ArgumentParser
) -> None:
    assert repeated_options(words, parser._option_string_actions) == repeated


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        (["--instance-ids", "a", "@names"], [("--instance-ids", "names")]),
        (["--scripts", "@setup.sh"], [("--scripts", "setup.sh")]),
        (["--scripts", "@echo off\ndir"], []),
        (["--parameters", "pw=@secret", "@all", "mail=me@host"], [("--parameters", "secret"), ("--parameters", "all")]),
        (["--protected-parameters", "pw=@secret"], [("--protected-parameters", "secret")]),
        (["--name", "@"], []),
        (["--name", "a"], []),
    ],
)
def test_a_value_that_is_still_a_file_is_found(
    words: list[str], unread: list[tuple[str, str]], parser: ArgumentParser
) -> None:
    assert list(unread_files(parser.parse_args(words), parser._option_string_actions, words)) == unread


@pytest.mark.parametrize(
    ("words", "blank"),
    [
        (["--name", ""], "--name"),
        (["--name", " \t"], "--name"),
        (["--subscription="], "--subscription"),
        (["--notes", "", "--settings", "", "--output", ""], None),
        (["--scripts", "", "--parameters", ""], None),
        (["--name", "a", "--subscription", "b"], None),
        ([], None),
    ],
)
def test_an_empty_name_is_found(words: list[str], blank: str | None, parser: ArgumentParser) -> None:
    assert blank_option(parser.parse_args(words), parser._option_string_actions) == blank


def test_an_empty_name_that_is_a_configured_default_is_none(parser: ArgumentParser) -> None:
    parsed = Namespace(vmss_name=DefaultStr(""))
    assert blank_option(parsed, parser._option_string_actions) is None


def test_the_content_of_a_file_may_begin_as_one(parser: ArgumentParser) -> None:
    parsed = parser.parse_args(["--scripts", "@echo off", "--instance-ids", "@names"])
    assert list(unread_files(parsed, parser._option_string_actions, [])) == [("--instance-ids", "names")]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("list-instances -g rg -n web --filter x --select y", "--filter"),
        ("reimage -g rg -n web --instance-ids a --update-os-disk=true", "--update-os-disk"),
        ("update -g rg -n web --license-type None", "--license-type"),
        ("restart -g rg -n web --filter x", None),
        ("update -g rg -n web --size x", None),
        ("update", None),
    ],
)
def test_an_option_of_the_namesake_alone_is_found_with_what_to_use(command: str, option: str | None) -> None:
    found = foreign_option(["vmss-flex", *command.split()])
    assert (found and found[0]) == option
    assert found is None or found[1].endswith(".")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vmss-flex run-command -g rg --scripts x", "vmss-flex run-command invoke -g rg --scripts x"),
        ("--debug vmss-flex run-command -g rg", "--debug vmss-flex run-command invoke -g rg"),
        ("-o table vmss-flex run-command --ids x", "-o table vmss-flex run-command invoke --ids x"),
        ("vmss-flex run-command invoke -g rg", None),
        ("vmss-flex run-command create -g rg", None),
        ("vmss-flex run-command", None),
        ("vmss-flex run-command -h", None),
        ("vmss-flex run-command --help", None),
        ("vmss-flex translate run-command -x", None),
        ("vmss run-command -g rg", None),
        ("", None),
    ],
)
def test_a_short_name_of_a_command_is_completed(typed: str, meant: str | None) -> None:
    assert completed(typed.split()) == (meant or typed).split()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("az vmss-flex run-command -g rg --inst", "az vmss-flex run-command invoke -g rg --inst"),
        ("az vmss-flex  run-command --", "az vmss-flex  run-command invoke --"),
        ("az vmss-flex run-command cre", None),
        ("az vmss-flex run-command ", None),
        ("az vmss-flex stop -n run-command --", None),
        ("", None),
    ],
)
def test_a_short_name_in_a_line_that_is_typed_is_completed(typed: str, meant: str | None) -> None:
    assert completed_line(typed) == (meant or typed)
