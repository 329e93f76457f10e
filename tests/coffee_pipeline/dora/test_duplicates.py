"""What several systems tell of one deployment, and what is another one."""

from __future__ import annotations

from coffee_pipeline.dora.duplicates import told_once
from tests.coffee_pipeline.dora.test_metrics import measured


def told(story) -> list[str]:
    return sorted(one.deployment_id for one in told_once(story.deployments).deployments)


def test_one_rollout_that_three_systems_tell_of_is_one(story) -> None:
    story.deploy("c1", 0, deployment_id="argocd:1")
    story.deploy("c1", 5, deployment_id="own")
    story.deploy("c1", 20, deployment_id="github:7")
    assert told(story) == ["own"]
    assert told_once(story.deployments).same == {"argocd:1": "own", "github:7": "own"}


def test_what_a_webhook_told_of_is_not_ours(story) -> None:
    story.deploy("c1", 0, deployment_id="own")
    story.deploy("c1", 2, deployment_id="github-7", cause="github")
    assert told_once(story.deployments).same == {"github-7": "own"}


def test_a_webhook_and_an_export_of_one_system_tell_of_one(story) -> None:
    story.deploy("c1", 0, deployment_id="github-7", cause="github")
    story.deploy("c1", 1, deployment_id="github:7")
    story.deploy("c1", 2, deployment_id="github:8")
    assert told(story) == ["github-7", "github:8"]


def test_others_are_others(story) -> None:
    story.deploy("c1", 0, deployment_id="own")
    story.deploy("c1", 60, deployment_id="github:late")
    story.deploy("c2", 5, deployment_id="github:revision")
    story.deploy("c1", 5, deployment_id="github:service", service="menu")
    story.deploy("c1", 5, "failed", deployment_id="github:outcome")
    assert len(told(story)) == 5


def test_two_of_one_system_are_two(story) -> None:
    for number in (1, 2):
        story.deploy("c1", number, deployment_id=f"github:{number}")
        story.deploy("c1", number, deployment_id=f"argocd:{number}")
    assert told(story) == ["argocd:1", "argocd:2"]


def test_a_link_to_either_is_to_the_one_that_stays(story) -> None:
    story.deploy("c1", 0, deployment_id="own")
    story.deploy("c1", 1, deployment_id="github:1")
    story.incident("github:1", 5, 10)
    found = measured(story)
    assert found.platform.deployment_frequency.count == 1
    assert found.platform.change_fail_rate.value == 1
    assert found.platform.recovery_time.value == 300
    assert "Deployments that another system told of as well: counted once (1)" in found.notes
