"""Which words speak of which part of a life: a home, work, a car, a diet, a pet?

General vocabulary only: kinds, makes, towns and countries; no facts of anybody's. A word may belong to several parts.
"""

from __future__ import annotations

from typing import Final

from ..text import word_set

THEMES: Final = {
    "home": """live lives living lived home house flat apartment studio bungalow cottage bedsit lease moved relocate relocated
        relocation settle settled resident reside residence suburb neighbourhood town city district postcode address houseboat
        terrace semi flatmate flatmates housemate roommate removal boxes unpack rent renting lodger villa condo duplex loft attic
        village abroad emigrated hometown postal keys deliveries parcels boat canal stay street neighbourhood storey floor
        two-bed one-bed three-bed mortgage caravan tenant landlord landlady lodgings digs dorm dormitory homestead farmhouse farm
        mansion penthouse maisonette basement chalet cabin yurt trailer motorhome campervan barracks convent hostel squat commune
        housing estate borough quarter county province coast countryside island mainland suburbia neighbours neighbors doorstep
        doorbell balcony garden movers emigrate immigrate emigrant expat homeowner homeless zip deposit lodging base based unpacked
        downsized downsize housewarming townhouse rowhouse brownstone high-rise lift elevator""",
    "work": """work job works working worked career profession employer employed company firm hired hire boss office salary colleague
        colleagues promoted promotion contract intern internship freelance freelancer retired retirement pension pensioner unemployed
        redundant business teach teaching trainee apprentice position role notice resigned laid-off layoff gig occupation trade
        academia phd degree student study studying university college bakery shop restaurant hospital bank school council
        customers clients living bills payroll wage wages paycheck payslip employee staff workplace headquarters branch warehouse
        factory plant mill depot agency startup corporation ministry department bureau practice clinic ward lab laboratory studio
        salon garage kitchen cafe pub hotel supermarket store till checkout counter newsroom newspaper magazine publisher museum
        library archive theatre orchestra army navy police brigade railway airline harbour shipyard dock site quarry mine oilrig
        brewery vineyard nursery care-home hospice kindergarten charity ngo union parliament court embassy postdoc doctorate
        residency professorship tenure sabbatical apprenticeship traineeship masters bachelor dissertation thesis graduated graduate
        graduation qualified certified licensed probation dismissal sacked fired resignation vacancy hiring recruiter overtime shift
        uniform badge desk cubicle rota roster commission tips self-employed entrepreneur founder co-founder owner venture partners
        foreman rookie recruit cadet soldier officer sergeant captain lieutenant deputy assistant associate senior junior chief head
        lead team crew squad sector industry civil servant homemaker housewife househusband stay-at-home jobless dole carer resident
        attending registrar farm farming flock herd cattle lambing harvest holiday-lets lets landlady practitioner obituaries columns""",
    "manager": "boss manager supervisor report reports lead answer answers chief head superior reporting director foreman",
    "schedule": """hours mornings evenings afternoons nights shift shifts day days lesson lessons appointment meeting monday mondays
        tuesday tuesdays wednesday wednesdays thursday thursdays friday fridays saturday saturdays sunday sundays weekends early late
        class training weekday weekdays noon midday midnight dawn earlies lates slot o'clock am pm timetable weekly session
        rehearsal practice standup clinic fortnightly""",
    "telephone": "number ring call line phone mobile telephone text whatsapp cell landline sim digits dial reach",
    "mail": "mail email e-mail inbox gmail outlook mailbox hotmail protonmail yahoo e-mails",
    "car": """car drive driving drives van motor scrapyard garage saloon estate hatchback electric fiat kia volvo saab toyota ford honda
        mazda skoda audi bmw mercedes volkswagen vw golf polo renault peugeot citroen nissan hyundai tesla subaru seat opel vauxhall
        mini dacia suzuki lexus jeep porsche corolla yaris civic fiesta focus clio passat twingo zoe leaf prius octavia fabia panda
        punto micra jazz kombi tiguan touran astra corsa wagon pickup truck suv convertible coupe minivan people-carrier diesel
        petrol hybrid ev wheels ride motorbike motorcycle scooter moped vespa bike bicycle e-bike mileage bumper carport licence
        chevrolet chevy dodge chrysler cadillac buick lancia alfa romeo jaguar rover bentley mitsubishi isuzu mg smart cupra byd
        inspection mot chauffeur parking parked driveway""",
    "telephone set": """phone iphone android pixel samsung galaxy nokia fairphone oneplus xiaomi huawei motorola handset smartphone
        redmi oppo honor sony xperia blackberry flip-phone""",
    "computer": """laptop computer keyboard pc mac macbook thinkpad windows linux monitor mouse desktop chromebook imac dell lenovo
        asus acer surface framework tablet ipad keychron trackpad trackball printer console playstation xbox switch""",
    "partner": """partner boyfriend girlfriend married wife husband spouse single dating couple together engaged engagement divorced
        divorce separated widow widower seeing fiance fiancee wedding date relationship anybody someone met split quits vows bride
        groom honeymoon bachelor bachelorette ring proposed hitched spinster lover romance ex newlywed newlyweds newly-weds
        aisle registry heartbroken somebody cohabiting anniversary celibate""",
    "pet": """pet pets kitten puppy vet chicken chickens hens dog cat rabbit hamster tank aquarium terrarium hutch kennel leash
        breeder shelter paws foal pony mare stallion gelding parakeet lovebird stray litter livery""",
    "diet": """eat eats eating meat fish dairy diet veggie vegetables steak vegan vegetarian pescatarian keto gluten carbs plant-based
        omnivore carnivore bacon chicken beef pork lamb ham sausage cheese eggs milk sugar fasting fast halal kosher flexitarian
        calories low-carb paleo portions snack snacks breakfast lunch dinner meatless veg veggies tofu burger burgers oysters seafood
        lactose sugar-free meatball meatballs roast omnivorous plants flesh""",
    "drink": """drink drinks drinking coffee tea matcha beer wine cocktail espresso latte cappuccino flat-white white decaf juice cider gin
        whisky alcohol stout ale lager pilsner ipa porter rum vodka tequila brandy cognac bourbon scotch prosecco champagne spritz
        martini mojito negroni lemonade cola coke pepsi soda kombucha oat-milk mocha americano cortado macchiato chai rooibos earl
        oolong cocoa smoothie kefir water sparkling teetotal teetotaller caffeine pint booze sober hops""",
    "smoking": """smoke smoking smoked smoker cigarette cigarettes vape vaping pack cigars cigar pipe tobacco nicotine ashtray lighter cig cigs ciggie ciggies fag puff packet rollies baccy vapes
        smoke-free non-smoker fags roll-ups snus patches""",
    "sport": """sport sports gym workout workouts pool training train swim swimming jog jogging run running pilates yoga league club
        fitness exercise tennis rowing cycling climbing boxing judo karate dancing squash zumba crossfit football hockey handball
        basketball volleyball rugby cricket golf badminton padel bowling skating skiing snowboarding surfing kayaking sailing fencing
        archery triathlon marathon weightlifting kettlebell treadmill bouldering wrestling gymnastics ballet salsa tango parkrun
        hike hiking walking trek trainer coach membership lift lifting lifts weights squat squats bench deadlift spin spinning
        pickleball netball lacrosse aikido taekwondo muay jiu-jitsu parkour petanque bowls darts snooker croquet""",
    "faith": """church mosque temple synagogue mass prayer parish religion faith atheist believer baptised baptized agnostic christian
        catholic protestant muslim islam jewish hindu buddhist sikh quaker god pray praying confession converted religious secular
        priest vicar imam rabbi monk nun communion confirmed""",
    "book": """book books read reading novel author paperback e-reader ebook kindle paper chapter bedtime novels fiction non-fiction
        biography biographies memoir memoirs poetry nightstand audiobook audiobooks writing library crime thriller sci-fi fantasy""",
    "film": """film films movie movies cinema horror genre comedy comedies thriller rom-coms rom coms romcom gore western westerns
        drama dramas documentary documentaries noir sci-fi animation director blockbuster""",
    "show": "show shows series tv television watch watching rewatching episode season sitcom asleep soap anime podcast podcasts binge",
    "music": """band bands music singer album song listen listening concert musician playlist jazz rock pop techno classical blues folk
        metal punk reggae opera hip-hop rap country soul orchestra composer tune tunes vinyl gig headphones""",
    "news": "news newspaper paper guardian magazine subscription times tribune headlines bulletin",
    "subscription": """subscribe subscribed subscription subscriber netflix spotify streaming membership member plan cancelled disney hulu
        prime audible deezer tidal patreon renewal renewed unsubscribed""",
    "bank": """bank banking account card money savings barclays hsbc lloyds natwest santander monzo revolut starling n26 ing sparkasse
        chase citibank wells fargo nationwide halifax rbs credit-union iban debit credit overdraft""",
    "provider": """broadband internet provider wifi electricity gas energy supplier insurance insurer carrier tariff vodafone o2 ee
        three telekom t-mobile verizon at&t orange sky virgin telia telenor comcast sim-only octopus eon router fibre""",
    "doctor": """doctor dr gp physician dentist surgeon therapist optician specialist consultant cardiologist dermatologist neurologist
        psychiatrist psychologist gynaecologist urologist oncologist orthodontist physio physiotherapist osteopath chiropractor
        midwife paediatrician pediatrician rheumatologist endocrinologist counsellor shrink practice surgery clinic""",
    "medication": """mg mcg pill pills tablet tablets dose medication medicine meds statins prescribed prescription insulin ibuprofen
        aspirin paracetamol metformin inhaler antibiotics antidepressant antidepressants beta-blocker beta-blockers steroids
        painkillers painkiller dosage thinners antihistamine blood-pressure thyroxine levothyroxine warfarin morphine sertraline citalopram
        fluoxetine lisinopril ramipril amlodipine metoprolol bisoprolol omeprazole pantoprazole simvastatin atorvastatin drops
        injection injections jab patch chemist pharmacy supplements supplement""",
    "weight": "weigh weight kilo kilos kg pounds stone scale scales lbs heavier lighter waist",
    "height": "tall height cm metre feet inches taller",
    "hair": """hair haircut beard ponytail fringe bald shaved plait braids moustache dreadlocks curls wig stubble bob pixie perm buzz
        highlights blonde brunette redhead dye dyed clean-shaven sideburns""",
    "glasses": "glasses contacts lenses spectacles eyesight lasik varifocals",
    "rent": "rent landlord landlady month lease deposit",
    "name": "name surname call called address mr mrs ms miss nickname known maiden nick handle username pronouns title signed",
    "teacher": "trainer teacher tutor coach instructor lesson lessons class trains teaches mentor",
    "instrument": """instrument play playing piano ukulele guitar violin cello drums drum flute saxophone sax clarinet trumpet harp
        accordion banjo bass viola trombone oboe organ mandolin harmonica bagpipes keyboard synth recorder fiddle""",
    "school": """school primary secondary nursery kindergarten grade year pupil college university preschool high-school sixth-form form
        reception toddler playgroup montessori homeschool gymnasium a-levels""",
    "children": "kid kids child children son daughter baby twins newborn toddler teenager boy girl bump expecting pregnant pregnancy",
    "style": """answer answers reply replies summary summaries code explain explanation explanations format bullet bullets prose dates date
        tabs spaces indentation version expert short long brief detailed language tone paragraphs paragraph bullet-points points
        sentences concise verbose jargon emoji emojis formal informal table tables list lists markdown plain headings metric
        imperial celsius fahrenheit miles kilometres grams ounces cups units examples snippets""",
    "learning": "learn learning app course lessons duolingo class evening-class study studying studies tutorial beginner fluent",
    "language": """language english german french spanish italian portuguese dutch polish swedish norwegian danish finnish turkish greek
        japanese chinese mandarin cantonese korean arabic hebrew hindi russian ukrainian czech hungarian romanian welsh irish
        gaelic catalan basque swahili vietnamese thai tagalog urdu punjabi bengali persian farsi latin esperanto""",
    "colour": "colour color red blue green yellow orange purple violet pink teal turquoise brown black white grey gray navy maroon",
    "takeaway": "takeaway takeout cuisine curry pizza delivery sushi thai ramen kebab burgers burger noodles tacos falafel",
    "sleep": "sleep asleep bed window earplugs mattress pillow duvet insomnia nap naps snore pyjamas alarm bedtime",
    "volunteering": "volunteer volunteering charity council committee board food-bank scouts treasurer trustee chair",
    "commute": "commute bus tram train tube bike cycle walk metro subway ferry carpool lift coach commuting rail tram",
    "health": """knee hip operation surgery waiting diagnosed recovered cast plaster crutches wheelchair sticks limp fracture broken
        sling brace bandage stitches hospital ward discharged rehab therapy chemo remission cancer tumour flu covid infection
        migraine migraines asthma diabetes diabetic allergy allergic intolerance epilepsy arthritis gout anaemia depression anxiety
        healed cured symptom symptoms blood pressure walking hearing-aid pregnant""",
    "dark": "dark light theme mode",
    "seat": "seat aisle window row",
    "holiday": """holiday holidays vacation vacations summers winters camping resort beach mountains alps dolomites coast riviera
        baltic mediterranean seaside skiing cruise""",
    "team": "team club supporter fan arsenal chelsea liverpool spurs everton barcelona bayern juventus milan celtic rangers",
    "shopping": "supermarket groceries tesco lidl aldi sainsbury waitrose rewe edeka carrefour walmart costco asda morrisons ikea",
    "airline": "airline flight flights ryanair easyjet lufthansa klm emirates finnair norwegian airways sas iberia delta",
    "garden": "garden allotment lawn greenhouse vegetables potatoes compost beds hedge",
    "market": "market flea auction antiques stall",
}  # fmt: skip
"""The words of each part."""

ONE: Final = word_set(
    """home work manager telephone mail car partner diet smoking faith bank provider doctor weight height hair rent name school
    style dark seat commute glasses"""
)
"""The parts of which a person mostly has one at a time: a new one is the end of the old one."""

TOWNS: Final = """
aberdeen adelaide amsterdam antalya antwerp athens atlanta auckland austin baltimore bangalore bangkok barcelona basel bath beijing
beirut belfast belgrade bergen berlin bern bilbao birmingham bogota bologna bonn bordeaux boston bratislava bremen brighton brisbane
bristol bruges brussels bucharest budapest cairns cairo calgary cambridge canberra cardiff chandigarh charlotte chennai chicago
christchurch cincinnati cleveland cologne copenhagen cork coventry dakar dallas darwin delhi denver derby detroit dresden dubai dublin
duluth dundee durban durham düsseldorf edinburgh eindhoven essen exeter florence frankfurt galway gdansk geneva genoa ghent glasgow
gothenburg granada graz groningen haarlem hague haifa halifax hamburg hanoi hanover havana helsinki hobart houston hull istanbul izmir
jakarta jerusalem johannesburg karachi kathmandu krakow kyiv kyoto lagos lahore leeds leicester leiden leipzig lille lima limerick linz
lisbon liverpool ljubljana london luxembourg lyon madrid malaga malmö manchester manila marrakesh marseille melbourne memphis miami milan
milwaukee minneapolis minsk montreal moscow mumbai munich nagoya nairobi nantes naples nashville newcastle nice norwich nottingham
nuremberg oakland odense odessa omaha oporto orlando osaka oslo ottawa oxford padua palermo paris perth philadelphia phoenix pittsburgh
plymouth porto portland portsmouth prague quebec quito reading recife reykjavik riga rome rotterdam rostock salamanca salzburg santander
santiago sapporo sarajevo seattle seoul seville shanghai sheffield singapore sofia southampton split stockholm stuttgart swansea sydney
taipei tallinn tampa tampere tbilisi tokyo toledo toronto toulouse trieste trondheim tucson tunis turin utrecht valencia vancouver venice
verona vienna vilnius warsaw washington wellington winnipeg wolverhampton wroclaw york zagreb zaragoza zurich brooklyn manhattan queens
hackney peckham brixton camden croydon leith brno ostrava lodz poznan szczecin debrecen varna plovdiv cluj iasi skopje tirana podgorica
england scotland wales ireland france germany spain italy portugal netherlands holland belgium switzerland austria poland czechia
slovakia hungary romania bulgaria greece turkey croatia serbia bosnia slovenia albania denmark sweden norway finland iceland estonia
latvia lithuania ukraine russia georgia armenia israel egypt morocco tunisia kenya nigeria ghana senegal ethiopia tanzania uganda
zimbabwe japan china korea taiwan vietnam thailand malaysia indonesia philippines india pakistan bangladesh nepal australia canada
mexico brazil argentina chile peru colombia ecuador uruguay cuba jamaica malta cyprus texas california florida ohio oregon nevada
arizona utah colorado montana idaho kansas iowa nebraska missouri arkansas louisiana alabama mississippi tennessee kentucky virginia
carolina maryland delaware pennsylvania michigan wisconsin minnesota illinois indiana vermont maine connecticut massachusetts hawaii
alaska ontario alberta manitoba tasmania queensland bavaria saxony tuscany sicily sardinia provence brittany normandy catalonia
andalusia galicia cornwall devon kent essex richmond oakland berkeley fresno sacramento anchorage honolulu albuquerque boise spokane eugene tacoma
reno omaha tulsa wichita raleigh charleston tallahassee orlando sarasota tampa knoxville chattanooga louisville lexington
columbus dayton toledo akron buffalo rochester syracuse albany hartford newark trenton scranton erie lansing
fargo bismarck cheyenne missoula billings flagstaff tempe laredo amarillo lubbock galveston paso calgary edmonton
saskatoon halifax moncton kelowna dunedin tauranga rotorua napier geelong ballarat bendigo
townsville darwin hobart launceston fremantle newcastle wollongong ballina armidale longreach doha riyadh jeddah kuwait muscat manama
tehran isfahan baghdad amman damascus aleppo izmir ankara bursa tbilisi yerevan baku almaty tashkent kabul peshawar lahore
rawalpindi islamabad jaipur pune hyderabad kolkata ahmedabad surat kochi lucknow goa colombo kandy yangon phuket saigon hue cebu davao
makati surabaya bandung denpasar penang ipoh kuching busan incheon osaka fukuoka sendai sapporo kobe okinawa hiroshima shenzhen guangzhou
wuhan chengdu nanjing tianjin xian suzhou macau lusaka harare gaborone windhoek maputo antananarivo kampala kigali mombasa kisumu
abuja ibadan kano accra kumasi takoradi abidjan bamako dakar freetown monrovia douala yaounde kinshasa luanda khartoum tripoli
algiers oran casablanca rabat fez agadir alexandria luxor aswan medellin cali cartagena caracas guayaquil cusco arequipa asuncion
montevideo cordoba mendoza curitiba fortaleza recife manaus belem guadalajara puebla oaxaca monterrey merida
tijuana cancun kiruna lulea luleå umeå uppsala vasteras linkoping orebro helsingborg lund jonkoping bodo bodø tromso tromsø stavanger drammen
kristiansand aarhus aalborg esbjerg roskilde turku oulu rovaniemi kuopio jyvaskyla tartu narva kaunas klaipeda daugavpils lviv kharkiv
odesa dnipro minsk brest gomel katowice lublin bydgoszcz torun gdynia olomouc plzen liberec kosice nitra gyor győr pecs szeged timisoara
brasov constanta burgas ruse thessaloniki patras heraklion rhodes nicosia limassol valletta pula rijeka zadar dubrovnik osijek maribor
mostar banja nis linz graz innsbruck klagenfurt bregenz lucerne lausanne winterthur lugano augsburg regensburg wurzburg
freiburg karlsruhe mannheim heidelberg mainz wiesbaden kassel gottingen göttingen braunschweig kiel lubeck lübeck flensburg oldenburg osnabruck
munster münster bielefeld dortmund bochum duisburg aachen trier erfurt weimar jena chemnitz halle magdeburg potsdam schwerin nijmegen
arnhem tilburg breda maastricht zwolle delft alkmaar leuven mechelen namur liege charleroi ostend metz reims amiens rouen caen
rennes orleans dijon besancon grenoble annecy avignon nimes perpignan biarritz bayonne limoges poitiers bilbao
gijon oviedo vigo coruña burgos valladolid pamplona zaragoza tarragona alicante murcia cadiz almeria jaen huelva braga coimbra
aveiro evora faro funchal bergamo brescia modena parma reggio ferrara ravenna rimini ancona perugia siena lucca pescara bari lecce catania
messina cagliari sassari udine trento bolzano pavia sligo tralee ennis kilkenny wexford waterford drogheda dundalk letterkenny
londonderry armagh newry lisburn bangor jordanstown inverness stirling dunfermline paisley greenock ayr dumfries oban fort lerwick
kirkwall stornoway carlisle penrith kendal lancaster morecambe blackburn burnley bolton rochdale oldham stockport warrington
crewe wrexham shrewsbury telford stoke stafford walsall tamworth nuneaton northampton kettering peterborough
wisbech ipswich lowestoft colchester chelmsford southend margate ramsgate dover folkestone hastings eastbourne worthing chichester
bournemouth poole weymouth yeovil taunton bridgwater torquay penzance truro falmouth newquay bude barnstaple gloucester cheltenham
swindon newbury slough luton watford stevenage bedford milton banbury aylesbury guildford woking crawley reigate maidstone
ashford canterbury sunderland gateshead durham darlington middlesbrough hartlepool whitby scarborough harrogate ripon bradford wakefield
huddersfield barnsley doncaster rotherham grimsby lincoln boston skegness mansfield aberystwyth llandudno merthyr newport catford lewisham
deptford tottenham walthamstow clapham balham tooting streatham ealing acton hounslow wimbledon islington stratford marrickville
newtown fitzroy parramatta bronx harlem hoboken bushwick astoria evanston pasadena malibu sussex yorkshire lancashire cumbria norfolk suffolk dorset somerset wiltshire
"""
"""Towns, countries and regions."""
