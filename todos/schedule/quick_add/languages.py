"""Words for days and times in other languages, which quick add doesn't read.

A time beside one of them would be set for the wrong day: "Zahnarzt Freitag 9:30".
"""

import re

from todos.schedule.quick_add.vocabulary import words_in

DAYS = words_in(
    """
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag heute morgen
    übermorgen uebermorgen montags dienstags mittwochs donnerstags freitags samstags
    sonntags wochenende januar jänner februar märz maerz mai juni juli oktober dezember
    lundi mardi mercredi jeudi vendredi samedi dimanche aujourd'hui aujourd’hui demain
    après-demain janvier février fevrier mars avril juin juillet août aout septembre
    octobre novembre décembre lunes martes miércoles miercoles jueves viernes sábado
    sabado domingo hoy mañana manana pasado enero febrero marzo abril mayo junio julio
    agosto septiembre octubre noviembre diciembre segunda segunda-feira terça
    terça-feira terca-feira quarta quarta-feira quinta quinta-feira sexta-feira hoje
    amanhã amanha janeiro fevereiro março maio junho julho setembro outubro novembro
    dezembro lunedì lunedi martedì martedi mercoledì mercoledi giovedì giovedi venerdì
    venerdi sabato domenica oggi domani dopodomani gennaio febbraio aprile maggio giugno
    luglio settembre ottobre dicembre maandag dinsdag woensdag donderdag vrijdag
    zaterdag zondag vandaag overmorgen januari februari maart mei augustus poniedziałek
    poniedzialek wtorek środa środę sroda srode czwartek piątek piatek sobota sobotę
    sobote niedziela niedzielę niedziele dziś dzis dzisiaj jutro pojutrze stycznia
    lutego marca kwietnia maja czerwca lipca sierpnia września października listopada
    grudnia pazartesi salı çarşamba perşembe cuma cumartesi pazar bugün yarın ocak şubat
    nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık mandag tirsdag onsdag
    torsdag fredag lørdag søndag måndag tisdag lördag söndag idag imorgon imorgen
    maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai tänään huomenna
    pondělí úterý středa středu čtvrtek pátek neděle neděli dnes zítra hétfő kedd szerda
    csütörtök péntek szombat vasárnap ma holnap понедельник вторник среда среду четверг
    пятница пятницу суббота субботу воскресенье сегодня завтра послезавтра понеділок
    вівторок середа середу п'ятниця п’ятниця субота неділя сьогодні δευτέρα τρίτη
    τετάρτη πέμπτη παρασκευή σάββατο κυριακή σήμερα αύριο היום מחר מחרתיים اليوم غدا
    غداً lun jeu gio jue vie mié sáb sab abend abends nachmittag nachmittags vormittag
    vormittags mittag mittags früh nachts nacht soir matin après-midi midi minuit nuit
    tarde noche madrugada mediodía manhã noite sera mattina pomeriggio notte avond
    ochtend middag wieczorem rano popołudniu akşam sabah öğlen kväll aften kveld ilta
    besok senin selasa rabu kamis jumat sabtu luni marți marti miercuri joi vineri
    sâmbătă sambata duminică duminica mâine azi ponedjeljak utorak srijeda četvrtak
    petak subota nedjelja sutra danas dilluns dimarts dimecres dijous divendres dissabte
    diumenge demà avui утре днес сряда четвъртък петък събота неделя вечером утром днем
    الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد ראשון שני שלישי רביעי חמישי שישי
    שבת कल आज सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार hôm ngày thứ
    """
)
# Beside a time alone, also words for periods, repeats and holidays: "täglich 9:30".
PERIODS = words_in(
    """
    tage tagen täglich taeglich woche wochen wöchentlich woechentlich monat monate
    monaten monatlich jährlich jahr jahre jahren jeden jede jedes nächste nächsten
    nächster nächstes kommende kommenden silvester heiligabend weihnachten ostern
    pfingsten neujahr jour jours matins soirs quotidien semaine semaines mois chaque
    prochain prochaine année noël pâques réveillon día días dia dias diario diariamente
    semana semanas mes meses cada próximo próxima proximo proxima año años nochevieja
    nochebuena navidad mês natal páscoa véspera giorno giorni settimana settimane mese
    mesi ogni prossimo prossima anno anni natale capodanno pasqua dag dagen dagelijks
    weken wekelijks maand maanden maandelijks iedere volgende kerst codziennie dzień dni
    tydzień tygodniu tygodnie tygodni miesiąc miesiące miesiącu każdy każdą każde
    przyszły przyszłym wigilia sylwester varje vecka veckor dagar dagligen månad nästa
    hver hvert uker uge uger dage dager måned næste neste daglig julafton julaften
    nyårsafton joka päivä päivää viikko viikolla viikkoa viikon kuukausi kuukauden
    kuukautta ensi minden hét héten hetente naponta hónap jövő každý každé každou dní
    dny týden týdny týdně příští měsíc denně каждый каждую каждое каждые день дня дней
    неделя неделе неделю недели недель ежедневно еженедельно ежемесячно месяц месяца
    следующий следующей следующую через щодня щотижня щомісяця кожен кожного кожну
    тиждень gün günü günde hafta haftaya haftada gelecek sonraki yıl günlük haftalık
    κάθε μέρα ημέρα εβδομάδα μήνα יום ימים שבוע שבועות חודש كل يوم أيام أسبوع شهر يوميا
    रोज हर दिन सप्ताह हफ्ते setiap tiap minggu bulan hari mỗi tuần tháng fiecare zilnic
    săptămână săptămâna poimâine svaki svaku tjedan tjedna sljedeći sledeći dez déc dic
    okt maj mai ene abr ago fév avr juil kwi cze wrz paź gru
    """
)
# "Freitagabend", "montags", "perjantaina", "hétfőn"
STEMS = re.compile(
    "(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend"
    "|(?:maanan|tiis|tors|perjan|lauan|sunnun)tai|keskiviik|hétf|kedden|szerd|csütört"
    "|péntek|szombat|vasárnap|понедельник|вторник|сред[аыу]|четверг|пятниц|суббот"
    "|воскресень|δευτέρα|τρίτη|τετάρτη|πέμπτη|παρασκευή|σάββατο|κυριακή"
)

# Prepositions and articles, in lower case: "LA" is a city.
BEFORE_NUMBERS = words_in(
    """
    um am bis ab gegen vom zum zur beim im ins vor nach seit mit ohne für und oder der
    die das den dem des ein eine uhr kw à á au aux le la les du de dès avant après vers
    jusqu'à jusqu’à jusqu'au jusqu’au pour avec et ou heure heures el los las del al
    hasta antes desde para con y o às as até ate em no na nos nas ao com e dia alle ore
    entro il lo gli dal dalle fino prima dopo verso per om op tot voor vanaf rond rondom
    en het een uur do od przed po w we i dla godz godz. godzinie saat kadar önce sonra
    ve kl kl. klokken klockan till til på kello klo v в во до к на с о и у от mer ven
    sam dim dom mie ma seg ter qua qui delle dei degli della dello alla sulle dalla
    sobre pelas dos depois tegen około ok. ca. circa etwa ungefähr entre zwischen tra
    fra
    """
)
# In capitals, since "do" and "so" are English.
SHORT_DAYS = words_in(
    "mo di mi do fr sa so lu ma me je ve vr wo za zo pn wt śr cz pt sb nd"
    " пн вт ср чт пт сб вс нд"
)
# "Evi sat" is Turkish for "Sell the house", "Ta fri" Swedish for "Take time off".
BEFORE_OTHER_WORDS = {"sat": re.compile(".*[ıiuü]"), "fri": re.compile("ta|ha|har|få")}
# Short English words that can be the last of a title.
SHORT_ENGLISH = words_in("up it me us go do tv pc ok ad x")

# Languages without spaces: today, tomorrow, days of the week, morning and afternoon.
WITHOUT_SPACES = re.compile(
    "今日|今天|明日|明天|明後日|后天|後天|昨日|今晚|今夜|月曜|火曜|水曜|木曜|金曜|土曜|日曜"
    "|星期|礼拜|禮拜|周[一二三四五六日天末]|週[一二三四五六日末]|上午|下午|午前|午後|早上|晚上"
    "|毎[日週月年朝晩]|每[天日周週月年]|[下来來今][个個]?[周週月]|星期|[周週]末"
    "|매[일주월년]|다음 ?[주달]|주말|오늘|내일|모레|요일|오전|오후|วันนี้|พรุ่งนี้"
)
