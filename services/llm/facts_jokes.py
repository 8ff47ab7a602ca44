"""Is a sentence meant as a joke? No single word tells; each sign has a weight, and together they must be enough."""

from __future__ import annotations

import re
from typing import Final

ENOUGH: Final = 0.8

_FABLE: Final = (
    r"unicorns?|dragons?|aliens?|martians?|zombies?|vampires?|werewol\w+|wizards?|witch|mermaids?|ghosts?|ninjas?|jedi|superhero\w*|robots?|cyborg"
    r"|time machine|teleport\w*|hogwarts|narnia|atlantis|mordor|middle-?earth|mars|the moon|jupiter|outer space|santa|tooth fairy|batman|superman"
    r"|spider-?man|james bond|sherlock|dinosaurs?|yeti|bigfoot|pixies?|elves|elf|goblins?|leprechauns?|genie|fairy godmother|magic (?:carpet|lamp|wand)"
)
_FAMED: Final = (
    r"george clooney|brad pitt|ryan gosling|taylor swift|beyonc[eé]|rihanna|madonna|elon musk|bill gates|jeff bezos|oprah|the pope|the dalai lama"
    r"|the (?:king|queen) of (?:england|sheba|spain|denmark)|nasa|real madrid|manchester united|fc barcelona|hollywood|vogue|the nobel committee"
    r"|the un\b|interpol|mi[56]|the cia|the white house|netflix executives"
)
_CROWN: Final = (
    r"(?:king|queen|emperor|empress|tsar|czar|sultan|lord|lady|prince|princess|duke|duchess|ruler|overlord|god|goddess|high priest\w*) of (?!england|spain|denmark|sweden)"
    r"|independence|my (?:loyal )?(?:subjects|majesty|minions|empire|kingdom|throne|reign)|crowned"
)
_SIGNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"\b(?:ha ?ha\w*|hehe\w*|hihi|lo+l|lmao|rofl)\b|[;:]-?[)pPD](?=\W|$)|(?<!\w)xD\b", 0.5),
        (rf"\b(?:{_FABLE})\b", 0.6),
        (rf"\b(?:{_FAMED})\b", 0.5),
        (rf"\b(?:{_CROWN})\b", 0.7),
        (r"\b(?:i|we|i'm|i've|we're|we've)\b.*\b(?:declared|crowned|knighted|appointed myself|elected myself|promoted myself|abdicated|annexed|conquered|invaded)\b", 0.5),
        (r"^(?:oh )?(?:brilliant|great|fantastic|wonderful|lovely|marvellous|joy|super|perfect|fabulous)\b[,.!].*\w|^oh (?:brilliant|great|joy|good|lovely)\b|,? (?:great|brilliant|wonderful|lovely|fantastic)[.!]*$", 0.4),
        (r"\b(?:i guess|guess|i suppose|looks like|seems|clearly|obviously|apparently|so) (?:i'm|i am|i|we|we're|my)\b(?=.*\bnow\b)", 0.3),
        (r"\b(?:basically|practically|officially|technically|formally|literally|virtually|essentially|legally|secretly)\b", 0.3),
        (r"\b(?:professional|certified|honorary|unpaid|licensed|world-class|world champion|olympic|chartered|award-winning|full-time|resident|part-time) (?!\w+er\b (?:at|for|in))(?:\w+ ){0,2}(?:dweller|sufferer|worrier|procrastinator|napper|complainer|"
         r"overthinker|snacker|waiter|taxi|chauffeur|uber driver|cat (?:pillow|servant)|servant|butler|doormat|zombie|robot|machine|couch potato|sofa tester|coffee machine|sleeper|mess|failure|mourner|loser|victim|hermit|hater|griper|spiller|referee of|escape artist|disappointment|scapegoat|punching bag|door opener|bum wiper|peacekeeper|hostage|prisoner|fossil|dinosaur|grump|nag|snorer)s?\b", 0.8),
        (r"\b(?:as (?:one|you) does?|send help|help me,? universe|true story|honest(?:ly)?[.!]*$|pinky promise|i swear[.!]*$|trust me[.!]*$|allegedly|if you believe it|no big deal|the usual)\b", 0.4),
        (r"\b(?:live|living|lives|run|running|survive|surviving|exist|fuelled|powered|made|consist\w*)\b(?: (?:purely|entirely|only|solely|mostly))? (?:on|by|of) (?:\w+ (?:and|&) )?(?:coffee|caffeine|tea|spite|despair|hope|rage|tears|regret|chocolate|adrenaline|love and|panic|prayers?|air)\b", 0.6),
        (r"\b(?:coffee|caffeine|wine|tea|chocolate|crisps|biscuits) (?:and|&) (?:\w+ )?(?:despair|spite|regret|tears|panic|hope|rage|prayers?|bad decisions|anxiety|sarcasm)\b", 0.6),
        (r"\bmarried (?:to )?(?:my|the|this) (?:job|work|sofa|couch|bed|laptop|phone|kettle|coffee|fridge|oven|pillow|desk|dog|cat|car|bike|garden|piano)\b", 0.9),
        (r"\b(?:left|dumped|replaced|divorced|leaving) (?:\w+ ){1,2}for (?:my|the|a) (?:espresso|coffee|washing|slow|bread|air|dish|pizza|sofa|couch|dog|cat|kettle|fridge|pillow|bed)\b", 0.9),
        (r"\b(?:it|he|she|that|this|the [\w ]{2,20}) (?:is|'s|are)(?: now)? (?:now )?(?:my|our) (?:new )?(?:god|boss|therapist|religion|husband|wife|boyfriend|girlfriend|landlord|owner|master|overlord|soulmate|life coach|personality|whole personality|guru)\b", 0.6),
        (r"\b(?:tin can|potato|banana|cardboard box|toaster|carrier pigeons?|smoke signals?|abacus|stone tablet|typewriter ribbon|rubber duck|broomstick|shopping trolley)\b", 0.5),
        (r"\b(?:live|living|moved|moving|move|sleep|reside)\b(?: \w+){0,2} (?:in|into|under|inside|at) (?:the|my|a|our) (?:\w+ )?(?:hen ?house|shed|dog ?house|kennel|fridge|freezer|bath ?tub|cupboard|wardrobe|oven|desk|library|gym|pub|barn|hutch|cage|tent|bin|car park|waiting room|hardware store|supermarket|airport|station|inbox|spreadsheet|zoom|queue|chicken coop)\b", 0.5),
        (r"\b(?:weigh|weighs|gained|ate|eaten|aged|turned|waited|slept|am|i'm|old)\b.{0,30}\b(?:tonnes?|tons(?! of)|a (?:million|billion|zillion)|(?:a|two|three|four|five|nine) (?:hundred|thousand) (?:years|kilos)|\d{3,} years|centuries|decades? in one|light years)\b", 0.9),
        (r"\b(?:for the (?:\w+(?:st|nd|rd|th)|[\w-]+th|twenty-\w+|umpteenth|millionth|hundredth|nth) time|\d\d again|again,? (?:and again|for the)|forever \d\d)\b", 0.5),
        (r"\b(?:seventeen|fourteen|thirteen|forty-two|(?:(?:one|two|three|four|five|six|seven|eight|nine|a|\d+) )?(?:hundred|thousand|million)|\d{3,}) (?:kids|children|cats|pigeons|dogs|husbands|wives|jobs|bosses|tabs|meetings|houses|cars|phones)\b", 0.6),
        (r"\b(?:proposed|rang|called|phoned|begged|kidnapped|emigrated|eloped|ran away|hired me|wants me|fell in love with me)\b", 0.2),
        (r"\b(?:my|the|our) (?:cat|dog|plants?|sourdough|fridge|toaster|kettle|car|laptop|printer|neighbours?|pigeons?|goldfish|hamster|hens?|roomba|vacuum) (?:has |have |is |are |just |now |formally |officially )*(?:hired|fired|promoted|elected|sued|married|divorced|proposed|filed|emigrated|evicted|declared|demanded|unionised|taken over|in charge|resigned|running for)\b", 0.8),
        (r"\b(?:lick(?:ing|ed)|eat(?:ing)?|ate|marr(?:y|ied)|wrestl\w+|hunt(?:ing|ed)?|devour\w*) (?:the|my|a|our|all the|raw) (?:road|pavement|wallpaper|walls?|furniture|desk|carpet|keyboard|curtains?|neighbours?|mammoths?|boss)\b", 0.7),
        (r"\b(?:engaged|married|betrothed|proposing|propose) (?:to )?(?:you|chatgpt|siri|alexa|an ai|a chatbot|the internet|netflix|pizza|cheese|bread|sleep|carbs)\b", 0.9),
        (r"\b(?:i'm|i am|we're|he's|she's|become|became|turned into) (?:(?:now|officially|legally|basically|practically|clearly|apparently|literally|just) ){0,3}an? (?:human |giant |literal )?(?:pancake|potato|burrito|sausage|dumpling|pretzel|waffle|muffin|noodle|pickle|pumpkin|croissant|sandwich|sofa|couch|chair|puddle|cloud|rock|cactus"
         r"|plant|houseplant|mushroom|wolf|lion|tiger|sloth|goblin|gremlin|troll|raccoon|hamster|seal|walrus|penguin|llama|goose|snail|worm|slug|vegetable|raisin|prune|popsicle|skeleton|fossil)\b(?! (?:person|lover|owner|breeder|sitter|walker|mum|mom|dad|keeper|farmer|trainer|groomer|rescuer))", 0.8),
        (r"\b(?:foreign legion|hermit|witness protection|run(?:ning)? away (?:to|with) (?:the )?(?:circus|sea|gypsies|woods)|join(?:ed|ing)? (?:the|a) (?:circus|cult|pirates?|monastery|convent|mafia|illuminati|avengers|space programme|space program|mob|wolves)"
         r"|mov(?:ed|ing) (?:in)?to (?:the|a) (?:woods|forest|cave|sea|ocean|moon|sewers|volcano|jungle|void)|(?:in|under|inside) (?:a|the) (?:cave|rock|volcano|bridge|sewer|void)|tibetan|raised by wolves|the village must)\b", 0.8),
        (r"\b(?:live|living|moved|moving|reside|residing|residence|address|home) \b.{0,25}\b(?:terminal|gate|platform|carriage|row|seat|aisle|checkout|lane|ward|corridor|departure lounge|waiting area|passport control|baggage|traffic|motorway|roundabout|m\d\d?\b|the lift|the queue|hold music|my car|the office|this chair|this sofa|under my desk)\b", 0.6),
        (r"\b(?:i'm|i am|turned|turning) (?:\w+ )?(?:1[1-9]\d|[2-9]\d\d|\d{4,})(?: ?(?:years?|yrs?)(?: old)?| now| today|$)", 0.9),
        (r"\b(?:seventy|sixty|fifty|forty|thirty|eighty|ninety|hundreds of|a dozen|twenty|[2-9]\d|\d{3,}) (?:kids|children|husbands|wives|sons|daughters|brothers|sisters|girlfriends|boyfriends|spouses|jobs|bosses|ex-wives)\b", 0.6),
        (r"\b(?:deductible|allegedly|legally|on paper|tax purposes|for tax|in the eyes of)\b", 0.3),
        (r"^\*\w[^*]{2,60}\*|\b(?:vampire|pirate|dwarf|elven|demon|goblin|wizard|zombie|lizard|fairy|mermaid|viking|galactic|interstellar) (?:queen|king|captain|lord|prince|princess|overlord|emperor|warlord)\b", 0.9),
        (r"\b(?:bees?|cats?|dogs?|hens?|chickens?|goats?|pigeons?|squirrels?|mice|ants|plants?|fridge|printer|kettle|toaster|gulls?|seagulls?) (?:held|have (?:formed|called|voted|unionis\w+|unioniz\w+|elected)|voted|elected|went on strike|filed|demand\w*|called a meeting|formed a)\b", 0.8),
        (r"\b(?:george clooney|brad pitt|the king|the queen|the pope|idris elba|keanu reeves|harry styles|the president|royalty|meryl streep|tom hanks|the prime minister|david beckham|mbappe|messi|ronaldo|nasa|the beatles)\b.{0,25}\b(?:proposed|rang|called|phoned|begged|asked me|invited|wants me|texted|married|knighted|left me|cooked|is my)\b", 0.8),
        (r"\b(?:lol|lmao|haha\w*|hehe\w*|rofl|😂|🤣)", 0.1),
        (r"\b(?:send|forward|deliver) (?:my )?(?:post|mail|letters|parcels|help|wine|coffee|snacks|food|chocolate|pizza)\b", 0.3),
        (r"\b(?:now|today|officially|hereby|henceforth)\b.{0,30}\b(?:my name is|call me|known as) (?:dust|grumpy|sleepy|your majesty|captain|sir|lord|lady|queen|king|madam|his|her|the)\b|\bmy name is (?:dust|mud|grumpy|sleepy|exhaustion|chaos|regret|doom|inigo|earl|nobody|trouble)\b", 0.9),
        (r"\b(?:king|queen|lord|lady|sir|prince|princess|duke|count|emperor|empress|tsar) (?!of\b)\w+ the (?!first\b|second\b|third\b|[ivx]+\b)\w+", 0.9),
        (r"\bofficially (?:i|i'm|we|we're)\b|\bsend (?:penguins|huskies|wine|cake|rum|reinforcements|sandwiches|help)\b", 0.5),
        (r"\b(?:antarctica|the north pole|the south pole|siberia|the sahara|the arctic|hell|the bottom of the)\b", 0.4),
        (r"\b(?:ferrari|lamborghini|rolls[- ]royce|bugatti|maserati|yacht|private jet|private island|castle|palace|helicopter|gold bars)\b", 0.4),
        (r"^(?:but |and )?of course,? (?:i|i've|we|we've|i'm)\b|\b(?:what else|naturally|what do you think)\b[?.!]*$", 0.4),
        (r"\b(?:run(?:ning)?|ran|elop(?:e|ed|ing)) (?:off|away) with (?:the|my|our|a) (?:window cleaner|milkman|postman|plumber|gardener|pool boy|butcher|baker|vicar|fishmonger|dentist|chauffeur|coalman|binman|neighbour|circus|delivery\w* \w+|amazon \w+)\b", 0.9),
        (r"\b(?:i|we) (?:now |actually )?have (?:about )?(?:(?:one|two|three|four|five|six|seven|eight|nine|a|\d+) )?(?:hundred|thousand|million) (?:kids|children|brothers|sisters|husbands|wives|cats|dogs)\b", 0.4),
        (r"\bfigur(?:e|ative)|\bso to speak\b|\bjoke\b|\bironic(?:ally)?\b|\bpun intended\b|\bpoetic licen[cs]e\b|\bin my (?:head|dreams|mind)\b", 0.4),
    )
)  # fmt: skip
_SERIOUSLY: Final = re.compile(
    r"^(?:(?:no|but|ok|okay|well|and|so),? )?(?:seriously|realistically|in all seriousness|all jokes aside|jokes aside|joking aside|on a serious note|for real|but really)\b",
    re.IGNORECASE,
)


def jokes(sentence: str) -> bool:
    """Whether the signs of a joke in a sentence are enough."""
    return sum(weight for sign, weight in _SIGNS if sign.search(sentence)) >= ENOUGH


def in_earnest_again(sentence: str) -> bool:
    """Whether a sentence ends a joke that was told before it: "No, seriously"."""
    return _SERIOUSLY.match(sentence) is not None
