"""Which English words are kinds of another, and which name people by what they do or are to one?

General vocabulary only: no names, no facts.
"""

from __future__ import annotations

from ..text import word_set

KINDS = {
    "pet": "dog cat tortoise turtle hamster rabbit parrot budgie horse pony fish goldfish guinea ferret "
    "snake lizard "
    "puppy retriever labrador poodle terrier spaniel beagle dachshund collie bulldog husky corgi kitten "
    "bird canary gecko rat mouse iguana "
    "llama alpaca donkey mule goat sheep pig piglet cow hen rooster chinchilla hedgehog gerbil tarantula "
    "chameleon axolotl newt frog toad salamander cockatoo cockatiel parakeet macaw degu skink terrapin camel",
    "dog": "puppy retriever labrador poodle terrier spaniel beagle dachshund collie bulldog shepherd "
    "husky mutt corgi",
    "cat": "kitten siamese tabby persian",
    "breed": "retriever labrador poodle terrier spaniel beagle dachshund collie bulldog shepherd husky mutt "
    "corgi "
    "siamese tabby persian",
    "animal": "dog cat tortoise turtle hamster rabbit parrot horse pony fish snake lizard bird cow goat sheep "
    "pig llama alpaca donkey mule bull hen rooster duck goose hedgehog gerbil chinchilla ferret frog toad newt "
    "salamander axolotl chameleon gecko iguana tarantula camel emu ostrich fox wolf lion tiger elephant monkey otter "
    "lemur penguin zebra giraffe kangaroo koala dolphin whale deer moose reindeer squirrel badger",
    "sibling": "sister brother",
    "parent": "mother father",
    "grandparent": "grandmother grandfather grandma grandpa granny nana",
    "child": "son daughter",
    "spouse": "wife husband",
    "partner": "wife husband boyfriend girlfriend gf bf fiance fiancee",
    "relative": "sister brother mother father son daughter aunt uncle cousin niece nephew grandmother "
    "grandfather "
    "wife husband",
    "family": "sister brother mother father son daughter aunt uncle cousin niece nephew grandmother "
    "grandfather wife "
    "husband kid",
    "colour": "red blue green yellow orange purple violet pink teal turquoise brown black white grey gray "
    "beige navy "
    "maroon crimson indigo magenta cyan olive gold silver lilac burgundy",
    "season": "spring summer autumn winter",
    "day": "monday tuesday wednesday thursday friday saturday sunday today tomorrow",
    "month": "january february march april may june july august september october november december",
    "instrument": "piano guitar violin cello accordion trumpet flute drum saxophone clarinet harp banjo ukulele "
    "viola "
    "trombone oboe bass organ mandolin harmonica",
    "vehicle": "car bicycle bike motorbike motorcycle scooter van truck lorry bus tram boat",
    "editor": "vim neovim emacs vscode nano sublime intellij pycharm notepad helix atom zed",
    "os": "linux windows macos ubuntu debian fedora android ios",
    "database": "postgresql postgres mysql sqlite mongodb redis oracle mariadb cassandra dynamodb",
    "programming": "python java javascript typescript rust go golang ruby php kotlin swift scala haskell perl c c++ "
    "c# "
    "elixir julia clojure lua r ocaml fortran cobol zig",
    "language": "english german french spanish italian portuguese dutch japanese chinese mandarin korean russian "
    "arabic hindi turkish polish swedish norwegian danish finnish greek hebrew catalan ukrainian czech "
    "welsh irish "
    "hungarian romanian vietnamese thai swahili",
    "sport": "football soccer tennis basketball volleyball rugby cricket hockey swimming running cycling "
    "climbing "
    "rowing badminton golf judo karate yoga boxing skiing handball fencing",
    "drink": "tea coffee water beer wine juice milk cola lemonade cocoa whisky",
    "food": "peanut nut shellfish gluten egg soy wheat strawberry meat fish cheese bread rice pasta "
    "pizza sushi olive mushroom onion garlic tomato potato apple banana honey "
    "salt sugar vegetable fruit chocolate dairy curry soup salad",
    "diet": "vegetarian vegan pescatarian keto halal kosher",
    "medication": "insulin ibuprofen aspirin metformin penicillin antibiotic paracetamol statin inhaler",
    "subject": "chemistry physics biology mathematics maths history law medicine economics philosophy geography "
    "engineering linguistics psychology sociology architecture literature",
    "meal": "breakfast lunch dinner supper brunch",
    "gender": "boy girl man woman",
    "herb": "basil coriander cilantro parsley mint thyme rosemary sage oregano dill chives tarragon marjoram",
    "spice": "cinnamon ginger turmeric saffron cumin nutmeg cardamom clove pepper paprika chilli vanilla",
    "fruit": "apple banana pear plum cherry peach mango kiwi grape strawberry raspberry blueberry pineapple "
    "melon lemon lime orange apricot fig papaya lychee grapefruit pomegranate persimmon",
    "vegetable": "carrot potato onion spinach broccoli cauliflower cabbage kale leek celery beetroot aubergine "
    "courgette zucchini pumpkin cucumber lettuce pea bean radish turnip parsnip asparagus tomato fennel",
    "flower": "rose tulip lily daisy orchid peony sunflower daffodil iris lavender dahlia violet carnation",
    "tree": "oak birch pine maple willow ash elm beech cedar spruce chestnut larch poplar",
    "bird": "parrot budgie canary robin sparrow heron eagle owl swan duck goose chicken hen rooster pigeon crow "
    "raven kingfisher puffin penguin flamingo cockatiel magpie finch",
    "insect": "bee wasp ant spider beetle butterfly moth fly mosquito cockroach",
    "tool": "hammer drill saw chainsaw screwdriver wrench spanner shovel spade rake ladder axe chisel pliers",
    "furniture": "table chair sofa couch bed desk wardrobe bookcase shelf cupboard armchair dresser",
    "clothing": "shirt trousers dress coat jacket jumper sweater shoe boot hat scarf glove skirt suit sock",
    "jewellery": "ring necklace bracelet earring brooch watch",
    "metal": "gold silver copper iron steel bronze brass platinum titanium",
    "gemstone": "diamond ruby emerald sapphire opal amethyst topaz pearl garnet jade",
    "company": "startup firm business agency bank bakery restaurant factory corporation employer",
    "game": "chess checkers poker monopoly scrabble tetris minecraft sudoku crossword backgammon",
    "genre": "jazz rock pop techno classical blues folk punk reggae opera hip-hop fantasy "
    "thriller horror comedy romance mystery",
    "music": "jazz rock pop techno classical blues folk metal punk reggae opera hip-hop",
    "cuisine": "italian french thai indian chinese japanese mexican greek turkish korean vietnamese spanish "
    "lebanese ethiopian moroccan peruvian",
    "dessert": "cake ice-cream tiramisu pudding pie brownie pavlova cheesecake sorbet",
    "religion": "christian muslim jewish buddhist hindu sikh atheist catholic protestant quaker",
    "religious": "christian muslim jewish buddhist hindu sikh atheist catholic protestant quaker",
    "direction": "north south east west",
    "transport": "car bus train bike bicycle tram metro subway ferry plane taxi",
    "device": "phone laptop tablet computer camera printer watch console",
    "journey": "fly flight sail cruise",
}
"""Of a kind, its commonest members."""

PROFESSIONS = word_set(
    """accountant actor analyst architect artist astronomer baker barista biologist bookkeeper bricklayer
    builder butcher carpenter cellist chef chemist cleaner coach consultant cook dancer dentist designer
    developer director doctor driver economist editor electrician engineer farmer firefighter fisherman
    florist gardener geologist hairdresser historian illustrator interpreter janitor jeweller journalist
    judge lawyer lecturer librarian machinist manager mathematician mechanic midwife miner musician nurse
    officer optician painter paramedic pharmacist philosopher photographer physicist physiotherapist
    pianist pilot plumber policeman postman potter producer professor programmer psychologist researcher
    roofer sailor salesman scientist sculptor secretary singer soldier student surgeon tailor teacher
    technician therapist tiler translator tutor veterinarian vet violinist waiter waitress welder writer
    zoologist"""
)

PERSONS = word_set(
    """mother father sister brother son daughter wife husband partner aunt uncle cousin niece nephew
    grandmother grandfather grandma grandpa mum mom dad friend boss manager colleague neighbour neighbor
    landlord landlady dentist doctor therapist teacher girlfriend boyfriend child kid kids children fiance
    fiancee roommate flatmate ex"""
)
