"""The kinds of files by name and first line."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.kinds import kind_of


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("a/b.SH", "", "a shell script"),
        ("README.md", "", "a Markdown document"),
        (".github/workflows/x.yml", "", "a YAML file"),
        ("GNUmakefile", "", "a Makefile"),
        ("Jenkinsfile.prod", "", "a Jenkins pipeline"),
        ("x.ps1", "#!/bin/bash", "a PowerShell script"),
        ("Dockerfile.dev", "", "a Dockerfile"),
        ("x", "#!/bin/sh -e\n", "a shell script"),
        ("x", "#! /usr/bin/env -S bash -e\n", "a shell script"),
        ("x", "#!/usr/bin/env python3\n", "a Python program"),
        ("x", "#!/usr/bin/pwsh\n", "a PowerShell script"),
        ("x", "#!/usr/bin/perl\n", "a file of another kind"),
        ("x.unknown", "az vmss list", "a file of another kind"),
    ],
)
def test_a_kind_is_known_by_the_name_or_the_first_line(name: str, text: str, what: str) -> None:
    assert kind_of(name, text).what == what
