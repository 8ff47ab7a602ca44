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
    waitress weaver webmaster woodworker worker zookeeper engineer barber beautician carer caterer anaesthetist anesthetist cardiologist dermatologist neurologist
    oncologist radiologist radiographer pathologist urologist obstetrician gynaecologist surgeon gp phlebotomist dietician
    dietitian podiatrist chiropractor osteopath homeopath acupuncturist counsellor counselor psychotherapist paralegal
    barrister attorney prosecutor bailiff clerk conveyancer underwriter actuary bookmaker croupier estate-agent realtor
    stockbroker banker economist treasurer controller buyer purchaser planner scheduler dispatcher logistician stevedore
    docker longshoreman deckhand bosun skipper captain helmsman ferryman boatbuilder shipwright diver trawlerman crofter
    rancher farmhand dairyman shearer stockman drover forester arborist lumberjack ranger gamekeeper groom farrier breeder
    vintner winemaker brewer distiller cooper cheesemaker chocolatier confectioner fishmonger greengrocer grocer butler
    milkman binman dustman sweeper janitor custodian housekeeper maid concierge bellboy bellhop doorman bouncer barman
    barmaid bartender mixologist sous-chef chef baker pastry-chef dishwasher potwasher kitchen-porter maitre hostess
    stewardess flight-attendant cabin-crew purser controller dispatcher signalman train-driver tram-driver bus-driver cabbie
    lorry-driver forklift crane-operator scaffolder roofer glazier plasterer tiler decorator bricklayer groundworker
    steelworker ironworker welder fabricator boilermaker pipefitter toolmaker millwright sheet-metal-worker blacksmith
    locksmith cobbler shoemaker saddler leatherworker bookbinder printer typesetter engraver signwriter framer carpenter
    cabinetmaker woodturner luthier glassblower potter ceramicist ceramist weaver spinner knitter milliner dressmaker
    costumier tailor cutter machinist presser laundress launderer cleaner window-cleaner chimney-sweep exterminator
    gardener landscaper groundsman greenkeeper florist beekeeper apiarist zookeeper dog-walker dog-groomer trainer vet
    childminder babysitter au-pair nanny governess headteacher headmaster headmistress deputy-head principal rector dean
    chancellor lecturer professor postdoc researcher archivist conservator archaeologist anthropologist sociologist linguist
    geographer cartographer surveyor meteorologist oceanographer ecologist botanist zoologist entomologist biochemist
    microbiologist geneticist immunologist pharmacologist toxicologist metallurgist astronaut cosmonaut aviator navigator
    ombudsman diplomat ambassador consul attache mp councillor senator mayor lobbyist activist campaigner organiser
    organizer fundraiser volunteer-coordinator caseworker social-worker probation-officer magistrate coroner detective
    constable sergeant inspector sheriff policewoman fireman firewoman lifeboatman coastguard paramedic corporal lieutenant
    major colonel general admiral gunner sapper infantryman marine airman midshipman cadet recruit chaplain vicar rabbi
    imam monk nun missionary deacon verger sexton gravedigger undertaker embalmer mortician animator cameraman
    camerawoman cinematographer gaffer grip stuntman choreographer dramaturg stagehand usherette soundman roadie dj
    presenter broadcaster anchor newsreader columnist correspondent subeditor proofreader lexicographer ghostwriter
    screenwriter novelist songwriter lyricist drummer guitarist bassist saxophonist trumpeter flautist harpist percussionist
    conductor organist chorister busker juggler clown magician acrobat puppeteer ventriloquist comedian mime wrestler boxer
    footballer cricketer golfer jockey cyclist swimmer-coach physio masseur sonographer audiologist optometrist orthodontist
    prosthetist embryologist midwife doula tattooist piercer manicurist nail-technician stylist hairstylist colourist
    make-up-artist esthetician influencer youtuber blogger vlogger webdesigner sysadmin devops admin administrator
    typist stenographer receptionist telephonist telemarketer call-handler concierge scheduler quantity-surveyor estimator
    foreman forewoman overseer gaffer chargehand teamleader shift-leader supervisor superviser line-manager branch-manager
    storekeeper stockist picker packer warehouseman loader courier biker postwoman postman mailman mailwoman parcel-courier
    cellarman publican hotelier restaurateur innkeeper shopkeeper stallholder market-trader newsagent tobacconist
    pawnbroker auctioneer antiquarian bookkeeper bookseller librarian comptroller ceo cfo cto coo founder entrepreneur
    homemaker housewife househusband crofter smallholder gillie ghillie falconer mahout taxidermist watchmaker horologist
    clockmaker gemologist jeweller goldsmith silversmith gilder stuccoist stonemason sculptor foundryman smelter miner
    driller roughneck roustabout rigger blaster geophysicist seismologist hydrologist electrician sparky chippy plumber
    gasfitter handyman installer maintenance-man lift-engineer telecoms-engineer linesman wireman pensioner retiree servant"""
)
LEADS: Final = word_set("leader worker officer hand operative attendant assistant driver engineer")
"""What is a trade after another word: "team leader", "customs officer"."""
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
    girlfriend boyfriend fiance fiancee teacher mechanic vet gf bf hubby missus nanny childminder supervisor cleaner"""
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
