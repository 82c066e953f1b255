"""Package the extension as the Azure CLI expects it: one `azext_*` package, nothing vendored."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = "1.0.0"
URL = "https://github.com/flexcompare/flexcompare"

# The Azure CLI brings azure-cli-core, knack and azure-mgmt-compute; whatever stands here would be vendored.
DEPENDENCIES: list[str] = []


def readme() -> str:
    """Return the README with absolute links, since what shows a wheel has no files beside it."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^]]*\]\()(?!https?:|#)", rf"\1{URL}/raw/v{VERSION}/", text)
    return re.sub(r"((?<!!)\[[^]]*\]\()(?!https?:|#)", rf"\1{URL}/blob/v{VERSION}/", text)


setup(
    name="flexcompare",
    version=VERSION,
    description="Batch operations on the instances of Flexible virtual machine scale sets.",
    long_description=readme() + "\n\n" + (HERE / "HISTORY.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    author="The flexcompare authors",
    author_email="flexcompare@example.com",
    url=URL,
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
    python_requires=">=3.10",
    packages=find_packages(include=["azext_flexcompare", "azext_flexcompare.*"]),
    package_data={
        "azext_flexcompare": ["*.json", "*/*.json", "py.typed", "html_report/*.css", "html_report/*.html"],
    },
    install_requires=DEPENDENCIES,
)
