"""What the reviewer of a pull request reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from review.changes import Change, Operation, PropertyChange
from review.comment import LIMIT, MARK, comment
from review.policies import Level, PolicyReport, Undecided, Violation
from review.stack_review import NEVER_CHECKED, Fate, StackReview
from review.terminal import terminal

DATABASE = "aws:rds/instance:Instance"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ROLE = "aws:iam/role:Role"
RELEASE = "kubernetes:helm.sh/v3:Release"

RULES = frozenset({"no-public-database", "limits", "tags"})
KEPT = PolicyReport(("platform",), RULES, whole_stack=True)
BROKEN = PolicyReport(
    ("platform",),
    RULES,
    violations=(
        Violation(Level.MANDATORY, "no-public-database", DATABASE, "writer", "It has an address.", "Take it away."),
        Violation(Level.ADVISORY, "limits", DEPLOYMENT, "app", "No limit of <cpu>."),
    ),
    undecided=(Undecided("tags", "grant"),),
)
WRITER = Change(DATABASE, "writer", Operation.REPLACE, (PropertyChange("dbName", replaces=True),))
APP = Change(DEPLOYMENT, "app", Operation.UPDATE, (PropertyChange("spec.replicas"),))
GRANT = Change("aws:iam/policy:Policy", "grant", Operation.UPDATE, (PropertyChange("policy", computed=True),))
NEW = Change(ROLE, "new", Operation.CREATE)

COMMENT = f"""\
{MARK}
## What this changes, against `main`

### dev: 1 created, 1 updated, 1 replaced, 1 perhaps updated, refused by 1 policy violation

> [!CAUTION]
> **This holds data, or all depends on it:**
> - replaced `writer` (aws:rds/instance:Instance): because of `dbName`

**Policies**: 1 mandatory, 1 advisory, of 3 rules.
- ⛔ mandatory `no-public-database`: `writer` (aws:rds/instance:Instance): It has an address.
  **Fix**: Take it away.
- ⚠️ advisory `limits`: `app` (kubernetes:apps/v1:Deployment): No limit of &lt;cpu&gt;.

- updated `app` (kubernetes:apps/v1:Deployment): `spec.replicas`
- created `new` (aws:iam/role:Role)

<details><summary>1 whose new values are not known yet: most often nothing changes</summary>

- updated `grant` (aws:iam/policy:Policy): `policy` (not known yet)

</details>

<details><summary>What could not be checked</summary>

- `kubernetes:helm.sh/v3:Release`, as on AWS: stand-in
- rule tags on grant: it asks for what is only known after the update
- rules on the stack as a whole: the engine asks for them last, and the preview failed before
- in no sandbox: {NEVER_CHECKED}

</details>

### prod: no preview

```
error: it does not work
```

**Policies**: did not run, so nobody has looked whether this keeps to the rules.
"""

REVIEWS = [
    StackReview("dev", [WRITER, APP, GRANT, NEW], {RELEASE: "stand-in"}, BROKEN),
    StackReview("prod", problem="error: it does not work\n"),
]


def test_the_comment() -> None:
    assert comment(REVIEWS, "main") == COMMENT


def test_the_terminal_says_the_same() -> None:
    assert terminal(REVIEWS, "main").splitlines() == [
        "What this changes, against main",
        "",
        "dev: 1 created, 1 updated, 1 replaced, 1 perhaps updated, refused by 1 policy violation",
        "  This holds data, or all depends on it:",
        "  ! ± writer (aws:rds/instance:Instance): because of dbName",
        "  Policies: 1 mandatory, 1 advisory, of 3 rules",
        "  ! mandatory: no-public-database: writer (aws:rds/instance:Instance): It has an address.",
        "      fix: Take it away.",
        "  ! advisory: limits: app (kubernetes:apps/v1:Deployment): No limit of <cpu>.",
        "    ~ app (kubernetes:apps/v1:Deployment): spec.replicas",
        "    + new (aws:iam/role:Role)",
        "  1 whose new values are not known yet: grant",
        "  Not checked:",
        "    kubernetes:helm.sh/v3:Release, as on AWS (stand-in)",
        "    rule tags on grant: it asks for what is only known after the update",
        "    rules on the stack as a whole: the engine asks for them last, and the preview failed before",
        f"    in no sandbox: {NEVER_CHECKED}",
        "",
        "prod: no preview",
        "  error: it does not work",
        "  Policies: did not run, so nobody has looked whether this keeps to the rules",
    ]


@pytest.mark.parametrize("write", [comment, terminal])
def test_what_may_lose_data_comes_before_all_else(write: Callable[[Sequence[StackReview], str], str]) -> None:
    lines = write([StackReview("dev", [NEW, APP, GRANT, WRITER], {}, BROKEN)], "main").splitlines()
    first = next(number for number, line in enumerate(lines) if "writer" in line)

    assert all(word not in line for line in lines[:first] for word in ("app", "grant", "no-public-database"))


def test_what_is_only_computed_is_folded_away_and_not_counted_as_a_change() -> None:
    said = comment([StackReview("dev", [GRANT], {}, KEPT)], "main")

    assert "### dev: 1 perhaps updated" in said
    before, _, folded = said.partition("<details>")
    assert "`grant`" not in before
    assert "`grant`" in folded


def test_policies_that_ran_and_found_nothing_say_so() -> None:
    assert "**Policies**: none of 3 rules is violated." in comment([StackReview("dev", [], {}, KEPT)], "main")


def test_policies_that_did_not_run_are_not_taken_for_kept() -> None:
    said = comment([StackReview("dev")], "main")

    assert "**Policies**: did not run" in said
    assert "violated" not in said


@pytest.mark.parametrize(
    ("review", "heading"),
    [
        (StackReview("dev", policies=KEPT), "### dev: nothing"),
        (StackReview("test", [NEW], policies=KEPT, fate=Fate.NEW), "### test: new: 1 created"),
        (StackReview("old", fate=Fate.REMOVED), "### old: its file is removed"),
        (StackReview("dev", [APP], problem="no"), "### dev: 1 updated, and then the preview failed"),
    ],
    ids=lambda value: value.stack if isinstance(value, StackReview) else "",
)
def test_the_heading_says_what_becomes_of_the_stack(review: StackReview, heading: str) -> None:
    assert heading in comment([review], "main").splitlines()


def test_a_preview_that_failed_shows_what_it_got_to() -> None:
    said = comment([StackReview("dev", [WRITER, APP], problem="the program ended")], "main")

    assert all(word in said for word in ("`writer`", "`app`", "the program ended"))


def test_what_is_deleted_and_stays_in_the_cloud_is_said() -> None:
    gone = Change(DATABASE, "writer", Operation.DELETE, retained=True)

    assert "what there is now stays where it is" in comment([StackReview("dev", [gone])], "main")


def test_what_the_engine_says_cannot_break_out_of_its_frame() -> None:
    said = comment([StackReview("dev", problem="before\n```\n# A heading\n```")], "main")

    assert "\n````\nbefore\n```\n# A heading\n```\n````\n" in said


def test_no_row_of_the_comment_is_taken_for_a_list_in_a_list() -> None:
    """Markdown reads ``- - name`` and ``- + name`` so."""
    said = comment([StackReview("dev", [NEW, APP, GRANT, WRITER, Change(ROLE, "old", Operation.DELETE)])], "main")

    assert not re.search(r"^(> )?- [-+*] ", said, re.MULTILINE)
    assert "- deleted `old`" in said


def test_of_many_properties_the_first_are_named() -> None:
    many = tuple(PropertyChange(f"p{number}") for number in range(10))
    said = terminal([StackReview("dev", [Change(ROLE, "role", Operation.UPDATE, many)])], "main")

    assert "p0, p1, p2, p3, p4, p5, p6, p7 and 2 more" in said


def many(operation: Operation, number: int, *, computed: bool = False, token: str = ROLE) -> list[Change]:
    properties = (PropertyChange("policy", computed=computed),) if operation is Operation.UPDATE else ()
    return [Change(token, f"{operation}-{computed}-{index:05}", operation, properties) for index in range(number)]


@pytest.mark.parametrize("write", [comment, terminal])
def test_a_change_of_what_judges_is_said_before_all_else(write: Callable[..., str]) -> None:
    """Whoever weakens a rule is judged by the weak one."""
    assert "policies/" in " ".join(write(REVIEWS, "main", judges=["policies/"]).splitlines()[:5])
    assert "decides over" not in write(REVIEWS, "main")


def test_many_creations_are_folded_away() -> None:
    said = comment([StackReview("dev", many(Operation.CREATE, 134))], "main")

    assert "<details><summary>134 created</summary>" in said
    assert said.count("- created `create") == 134


def test_a_comment_is_never_longer_than_github_takes_and_says_what_it_left_out() -> None:
    long = [WRITER, APP, *many(Operation.CREATE, 2000), *many(Operation.UPDATE, 500, computed=True)]
    said = comment([StackReview("dev", long, {RELEASE: "stand-in"}, BROKEN, problem="it failed")], "main")

    assert len(said) <= LIMIT
    assert "Left out: what perhaps changes, what could not be checked, what is created." in said
    assert "The summary of the job and its artifact `review` have it." in said
    assert "2000 created (2000 lines left out)" in said
    # What is missed least goes first: the rest is all there.
    for kept in ("`writer`", "because of `dbName`", "it failed", "no-public-database", "limits", "`app`"):
        assert kept in said


@pytest.mark.parametrize("length", [100, 60_000, 1_000_000])
def test_data_at_risk_problems_and_refusals_are_kept_in_the_shortest_comment(length: int) -> None:
    violation = Violation(Level.MANDATORY, "no-public-database", DATABASE, "writer", "x" * length)
    report = PolicyReport(("platform",), RULES, (violation,))
    changed = [*many(Operation.REPLACE, 300, token=DATABASE), *many(Operation.UPDATE, length // 100)]
    said = comment([StackReview("dev", changed, {}, report, problem="it failed " + "y" * length)], "main")

    assert len(said) <= LIMIT
    assert all(f"`replace-False-{index:05}`" in said for index in range(300))
    assert "it failed" in said
    assert "⛔ mandatory `no-public-database`" in said


def test_even_thousands_of_replaced_databases_fit() -> None:
    said = comment([StackReview("dev", many(Operation.REPLACE, 5000, token=DATABASE))], "main")

    assert len(said) <= LIMIT
    assert "`replace-False-00000`" in said
    assert said.endswith("have it.\n")


def test_the_summary_has_all_of_it() -> None:
    whole = comment([StackReview("dev", many(Operation.CREATE, 5000))], "main", limit=None)

    assert whole.count("- created `create") == 5000
    assert "Left out" not in whole
