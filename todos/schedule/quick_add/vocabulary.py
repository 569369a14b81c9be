"""Words before a date that belong to it, so that it is part of the title."""


def words_in(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# A title doesn't end with one of these words: the phrase after it is part of it.
INCOMPLETE = words_in(
    """
    a an the every! ev ev! end middle this these those my your his their our its each
    every any some no both either neither another such same other last past previous
    which what whose many most few several all only even about after around as at before
    between beyond but by during except excluding for from including into like minus
    near of onto plus post pre regarding round since than through throughout thru till
    'til ’til to toward towards unlike until unto upon versus via vs vs. with within
    without w/ w/o and or nor if unless because though although whether when whenever
    where while why how who whom is are was were be been being am isn't aren't wasn't
    it's that's isn’t aren’t wasn’t it’s that’s not never would could should might must
    don't don’t almost nearly hardly barely approximately approx approx. ca ca. circa
    roughly once twice thrice times sometime anytime called named titled entitled
    starting beginning ending maybe possibly probably perhaps ideally preferably then
    latest earliest evry evey evrey nxt thsi sixth seventh eighth ninth tenth
    eleventh twelfth
    """
)
# Nor with these before a number; else they complete a verb: "Check in tomorrow".
INCOMPLETE_BEFORE_NUMBERS = words_in(
    "in on chapter verse no. version v release build firmware section § clause figure"
)

# "Call tom" is not a call tomorrow.
CONTACT = words_in(
    """
    call ring phone meet see email e-mail mail text ask tell visit thank invite pay help
    message ping remind write congratulate hug interview train
    """
)

# Days with a name, from Monday on: "Cyber Monday", "Ruby Tuesday", "Ash Wednesday".
NAMED_DAYS = tuple(
    words_in(names)
    for names in (
        "blue bright clean cyber easter green magic manic meatless miserable motivation"
        " pentecost plough rose stormy wet whit",
        "fat giving pancake ruby shrove super taco",
        "ash holy red sheffield spy wacky white wicked",
        "ascension black fat green holy maundy thirsty throwback white",
        "black casual dress-down easter flashback freaky funky girl good great holy"
        " mad man tgi",
        "easter holy lazy small-business business super",
        "advent bloody easter gaudete gloomy laetare lazy low mercy mothering orthodox"
        " palm passion pentecost red remembrance stir-up sunny super trinity whit",
    )
)
# "Watch Wednesday" is about a programme, if it is all of the title.
WATCHING = words_in("watch stream binge read listen play")
BEFORE_ANY_DAY = words_in("any given happy lovely perfect")

# Words that show whether "sun", "sat" and "wed" are days.
BEFORE_SUN = words_in(
    """
    some more much any no the a full hot direct bright strong morning evening midday
    noon winter summer spring autumn setting rising blazing little less enough partial
    afternoon get catch soak enjoy avoid see watch love need needs want follow chase
    under into in bit warm burning midnight draw paint photograph black red sit lie
    worship
    """
)
BEFORE_WED = words_in(
    """
    get got getting newly finally be are were will just they couple to
    """
)
SUBORDINATE = words_in(
    """
    where who how why which that if while he she they whoever because
    """
)
ARTICLES = words_in(
    """
    a an the my our his her their your this that these
    """
)

# "Bus 9", "chapter 12" and "for 4" have numbers that count other things.
COUNTERS = words_in(
    """
    bug invoice bus tram room chapter ch ch. page pages p. part track line gate platform
    level lesson unit question exercise season episode ep vol volume version v phase
    step stage number no no. nr nr. floor flat apartment apt seat row table lane highway
    route exit section module sprint issue ticket task item form size iphone ipad
    windows android ios formula python django node java grade class for of x
    """
)

# Before "1:10", which is then a ratio, a result or a verse.
RATIO = words_in(
    """
    ratio mix mixed dilute diluted scale aspect odds resin epoxy concentrate score
    scored proportion proportions format won win lost lose beat drew draw pace marathon
    half-marathon verse verses chapter psalm sermon bible scripture gospel devotional
    tennis monitor screen display lens gear paint blend combine timer stopwatch
    countdown clip cue timestamp
    """
)
BOOKS = words_in(
    """
    genesis gen exodus exod leviticus lev numbers num deuteronomy deut joshua judges
    judg kings kgs chronicles chr ezra nehemiah neh psalm psalms ps psa proverbs prov
    ecclesiastes eccl isaiah isa jeremiah jer lamentations lam ezekiel ezek hosea hos
    obadiah obad jonah micah mic nahum nah habakkuk hab zephaniah zeph haggai hag
    zechariah zech malachi mal matthew matt mt mark mk luke lk john jn jhn acts romans
    rom corinthians cor galatians gal ephesians eph philippians phil colossians col
    thessalonians thess timothy tim titus philemon hebrews heb james jas peter pet jude
    revelation revelations rev daniel dan joel amos ruth samuel sam esther esth quran
    qur'an qur’an koran surah sura gita dhammapada
    """
)
BOOKS_AND_NAMES = words_in(
    """
    joshua matthew matt mark luke john timothy tim titus james peter jude daniel dan
    joel amos ruth samuel sam esther phil jonah micah ezra
    """
)
READING = words_in(
    """
    read study memorise memorize learn preach meditate quote recite teach discuss review
    print write underline listen translate reflect journal look
    """
)
# "Sell at 20" names a price, "Set the oven at 20" a temperature.
BEFORE_A_VALUE = words_in(
    """
    sell bid price priced capped valued shares stock thermostat temperature oven limit
    trading volume brightness
    """
)
