"""Which words name trades, diets, ways to live with others, and kinds of tools, so that a slot can be told?

General vocabulary only: no names, no facts of anybody's.
"""

from __future__ import annotations

from typing import Final

from ..text import word_set
from .kinds import PROFESSIONS

CRAFTS: Final = PROFESSIONS | word_set(
    """adviser advisor agent analyst apprentice assistant attendant auditor bartender beekeeper bookseller broker butler
    caretaker cashier chauffeur clerk coder composer conductor coordinator copywriter courier curator dancer dealer dev
    doorman educator estate fitter freelancer gardener goldsmith grower guard guide handyman hygienist importer inspector
    instructor intern investigator jockey joiner keeper lab landscaper lead lifeguard locksmith magistrate maker marketer
    mason masseur masseuse mechanic merchant minister model nanny notary nutritionist operator optician orderly organist
    owner packer pa pastor pediatrician paediatrician plasterer playwright podcaster poet porter postie priest principal
    psychiatrist receptionist recruiter referee registrar reporter restorer sales seamstress server shepherd shopkeeper
    smith solicitor sommelier specialist statistician steward stonemason streamer student superintendent supervisor
    surveyor teller tester trader trainee trainer trucker tutor undertaker upholsterer usher valet warden watchmaker
    waitress weaver webmaster woodworker worker zookeeper engineer barber beautician carer caterer"""
)
DIETS: Final = word_set(
    """vegetarian vegan pescatarian keto paleo halal kosher flexitarian omnivore carnivore gluten-free dairy-free veggie"""
) | {"low carb", "low-carb", "mediterranean diet", "plant based", "plant-based"}

STATUSES: Final = {
    "single": "single",
    "engaged": "engaged",
    "married": "married",
    "divorced": "divorced",
    "separated": "separated",
    "widowed": "widowed",
    "a widow": "widowed",
    "a widower": "widowed",
    "in a relationship": "partnered",
    "seeing someone": "partnered",
    "dating": "partnered",
}
"""Ways to be with somebody, and the one word for each."""

ABSTRACT: Final = word_set(
    """question problem issue point idea plan day week month year guess opinion thing things worry concern fear hope dream
    advice suggestion goal aim wish feeling thought impression mistake fault bad pleasure turn life way situation experience
    understanding rule answer reason joke example bit rest mood time weekend morning evening night today everything head
    eyes back hair hands face voice heart joy passion hero"""
)
MANY: Final = word_set(
    """hobby language instrument allergy pet dog cat kid child sibling colleague client student neighbour neighbor book
    game interest skill trip appointment meeting exam deadline project friend team plant chicken"""
)
ONLY: Final = word_set(
    """doctor dentist boss manager landlord landlady therapist gp hairdresser barber accountant lawyer partner wife husband
    girlfriend boyfriend fiance fiancee teacher mechanic vet"""
)
"""People of whom a person mostly has one."""

ALIASES: Final = {
    "native language": "mother tongue",
    "first language": "mother tongue",
    "mother language": "mother tongue",
    "cell": "contact:phone",
    "gp": "doctor",
    "mum": "mother",
    "mom": "mother",
    "dad": "father",
    "sis": "sister",
    "bro": "brother",
    "os": "os",
    "operating system": "os",
    "distro": "os",
    "text editor": "editor",
    "code editor": "editor",
    "ide": "editor",
}
"""Things by one name, where people have several for them."""

KINDS_OF_THING: Final = {
    "os": word_set(
        """linux windows macos ubuntu debian fedora mint arch manjaro nixos gentoo opensuse freebsd chromeos popos"""
    ),
    "editor": word_set("vim neovim emacs vscode helix sublime intellij pycharm zed nano kakoune notepad webstorm"),
    "browser": word_set("firefox chrome safari edge brave vivaldi opera chromium librewolf"),
    "database": word_set("postgres postgresql mysql mariadb sqlite mongodb oracle redis cassandra dynamodb cockroachdb"),
    "framework": word_set("django flask fastapi rails laravel spring express nextjs react vue angular svelte symfony phoenix"),
    "tickets": word_set("linear jira trello asana youtrack clickup basecamp redmine shortcut"),
    "notes": word_set("obsidian notion evernote onenote logseq roam joplin"),
    "chat": word_set("slack teams discord mattermost zulip"),
    "cloud": word_set("aws azure gcp hetzner heroku vercel netlify digitalocean linode ovh"),
}  # fmt: skip
"""Kinds of tools of which a person or a team mostly uses one."""
