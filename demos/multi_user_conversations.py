"""Five people talk at the same time, two of them with the same name; nobody learns what another one said.

python -m turngraph.demos.multi_user_conversations
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from turngraph.demos._stage import Stage, arguments
from turngraph.models import NotFound


@dataclass(frozen=True)
class Person:
    """Somebody who talks: their name and company, and what they alone know."""

    name: str
    tenant: str
    city: str
    animal: str
    pet: str
    wish: str

    def __str__(self) -> str:
        return f"{self.name.capitalize()} of {self.tenant}"


PEOPLE = (
    Person("ada", "default", "Bergen", "parrot", "Ludwig", "dark mode"),
    Person("bob", "default", "Nairobi", "tortoise", "Speedy", "light mode"),
    Person("chandra", "default", "Pune", "goat", "Einstein", "Python"),
    Person("dora", "default", "Lima", "llama", "Carlos", "metric units"),
    Person("ada", "acme", "Toronto", "hamster", "Turbo", "Linux"),
)


async def talk(stage: Stage, person: Person, neighbour: Person) -> dict[str, Any]:
    """One person's part: two messages in one conversation, two questions in the next."""
    manager = stage.manager(person.name, person.tenant)
    told = await manager.send_message(
        f"I live in {person.city}, and my {person.animal} is called {person.pet}."
    )
    await manager.send_message(f"By the way, I prefer {person.wish}.", told["conversation_id"])
    mine = await manager.send_message(f"What is my {person.animal} called?")
    other = await manager.send_message(f"What is my {neighbour.animal} called?", mine["conversation_id"])
    return {
        "conversation": told["conversation_id"],
        "mine": mine["response"],
        "other": other["response"],
        "wishes": list(mine["user_preferences"].values()),
    }


async def play(stage: Stage) -> None:
    stage.scene("Everybody talks at the same time")
    stage.tell(
        "Each says where they live, what their pet is called, and what they prefer. Then each asks for the "
        "name of their pet, and for that of a pet that only somebody else has."
    )
    neighbours = [*PEOPLE[1:], PEOPLE[0]]
    turns = [talk(stage, person, neighbour) for person, neighbour in zip(PEOPLE, neighbours, strict=True)]
    told = await asyncio.gather(*turns)
    rows = [
        (str(person), heard["mine"], heard["other"], heard["wishes"][0])
        for person, heard in zip(PEOPLE, told, strict=True)
    ]
    stage.table(("who", "my own pet?", "somebody else's pet?", "prefers"), rows)
    for person, neighbour, heard in zip(PEOPLE, neighbours, told, strict=True):
        kept = person.pet in heard["mine"] and neighbour.pet not in heard["mine"] + heard["other"]
        stage.check(f"{person} hears of {person.pet}, and not of {neighbour.pet}", kept)
    theirs = [person.wish in heard["wishes"] for person, heard in zip(PEOPLE, told, strict=True)]
    stage.check("each has the preference that they stated", all(theirs))

    stage.scene("Looking for what others said")
    for person in PEOPLE:
        manager = stage.manager(person.name, person.tenant)
        secrets = [word for other in PEOPLE if other is not person for word in (other.city, other.pet)]
        hits = (await manager.search_memories(" ".join(secrets), limit=100))["memories"]
        found = [word for word in secrets for hit in hits if word in hit["content"]]
        stage.check(f"{person} searches {len(hits)} messages, all their own", len(hits) == 8 and not found)

    stage.scene("Using somebody else's conversation id")
    bob, ada = stage.manager("bob"), stage.manager("ada")
    hers = told[0]["conversation"]
    attempts = (bob.send_message("What did she say?", hers), bob.conversation(hers), bob.archive(hers))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    stage.note(str(outcomes[0]))
    refused = all(isinstance(outcome, NotFound) for outcome in outcomes)
    stage.check("Bob can neither write to it, nor read it, nor put it away", refused)
    held = await ada.conversation(hers)
    stage.check("Ada's conversation is as it was", len(held["messages"]) == 4 and held["status"] == "active")
    namesake = await stage.manager("ada", "acme").conversations()
    stage.check(
        "her namesake sees her own two only", len(namesake) == 2 and hers not in {c["id"] for c in namesake}
    )


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
