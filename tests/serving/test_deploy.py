"""The Dockerfile and the manifest: what they run exists, and they ask for no rights."""

import re
import shlex
from pathlib import Path

import typer.main
import yaml

from textune.doors import cli

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def options(words):
    """Return what `textune serve` understands of its words."""
    command = typer.main.get_command(cli.app).commands["serve"]
    with command.make_context("serve", words) as context:
        return context.params


def instructions():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def test_the_image_serves_as_a_user_without_rights():
    found = dict(instructions())
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ARG", "USER", "ENV", "EXPOSE", "HEALTHCHECK"}
    assert found.keys() == known | {"STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert yaml.safe_load(found["ENTRYPOINT"]) == ["textune", "serve"]
    given = options(yaml.safe_load(found["CMD"]))
    assert (given["runs"], given["host"], given["port"]) == (["/runs/served"], "0.0.0.0", 8080)
    assert (found["USER"], found["EXPOSE"]) == ("10001", "8080")
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(place for place, name in enumerate(order) if name == "RUN")


def test_the_image_is_made_of_what_the_repository_has():
    for name, words in instructions():
        if name == "COPY":
            *sources, _ = shlex.split(words)
            assert all((ROOT / source).exists() for source in sources)


def test_the_manifest_serves_with_probes_limits_and_few_rights():
    text = (DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")
    deployment, service = yaml.safe_load_all(text)
    assert (deployment["kind"], service["kind"]) == ("Deployment", "Service")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    (container,) = pod["spec"]["containers"]
    given = options(container["args"])
    (port,) = container["ports"]
    assert given["port"] == port["containerPort"]
    assert given["grace"] < pod["spec"]["terminationGracePeriodSeconds"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in {"/health/live", "/health/ready"}
        assert container[probe]["httpGet"]["port"] == port["name"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"]
    assert not rights["allowPrivilegeEscalation"]
    assert container["env"][0]["name"] == "TEXTUNE_TOKEN"
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts["run"] == given["runs"][0]
    assert mounts.keys() == {one["name"] for one in pod["spec"]["volumes"]}
