"""Phrases of immediate danger in the other languages that are offered: drafts that no speaker has signed.

They make a whisper urgent, and do nothing else: no name is told because of them, and no notice promises them. Written
as in `danger_phrases`: a `*` stands for any ending; accents and repeated letters make no difference. What stands in
square brackets may not follow, for then the phrase is an everyday one (“me toca hablar” is “my turn to speak”); a `*`
there stands for any beginning. “wa” and “fa” before an Arabic word are seen through. Under "uk" stands some Russian
too, which many write. A language that a speaker has signed moves to `danger_phrases`, and the notices name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# What everyday phrases go on with, in more than one language.
_HAIR = "el pelo, el cabello, las uñas, el flequillo, las puntas, o cabelo, as unhas, a franja"
_TURN = (
    "a mí, a ti, a nosotros, a nosotras, a mim, con él, con ella, con ellos, con ellas, el turno, el examen, examen, "
    "el tema, la clase, la limpieza, la peor, la mejor, hoy, mañana, ahora, inglés, mates, lengua, gimnasia, recoger, "
    "los deberes, las clases, *ar, *er, *ir, *arme, *erme, *irme"
)
_GAMES = (
    "aux échecs, aux cartes, aux jeux, aux dames, au foot, au jeu, au tennis, à la course, en sport, la șah, "
    "la fotbal, la table, la tenis, la jocuri, la cărți, la fugă"
)

DRAFTS: Mapping[str, str] = MappingProxyType(
    {
        "ar": """
            أريد أن أموت | اريد اموت | أريد الموت | أتمنى الموت | أتمنى أن أموت | نفسي أموت | عايز أموت | عايزة أموت
            ابغى أموت | أبي أموت | ودي أموت | بدي موت | بدي أموت | لا أريد أن أعيش | لا أريد العيش | ما بدي عيش
            ما بدي أعيش | مش عايز أعيش | مش عايزة أعيش | ما أبغى أعيش | أنهي حياتي | إنهاء حياتي | أقتل نفسي
            بقتل نفسي | قتل نفسي | أقتل حالي | بقتل حالي | تقتل نفسها | يقتل نفسه | انتحر* | انتحار* | الانتحار
            بالانتحار | للانتحار | أنتحر | هنتحر | ينتحر | تنتحر | أؤذي نفسي | أذي نفسي | بأذي نفسي | بأذي حالي
            إيذاء نفسي | أجرح نفسي | بجرح نفسي | بجرح حالي | تجرح نفسها | يجرح نفسه | يضربني | تضربني | بيضربني
            بتضربني | بيضربوني | يضربونني | يضربوني | ضربني | ضربتني | ضربوني | يخنقني | خنقني | يعذبني | يلمسني
            تلمسني | بيلمسني | لمسني | اغتصب* | يغتصب* | اغتصاب | تحرش بي | يتحرش بي | تحرش فيني | تحرش فيي | تحرش بيا
            بيتحرش بيا | بيتحرش فيي | يتحرش فيني | أخاف أن أعود إلى البيت | أخاف أن أرجع إلى البيت | أخاف أرجع البيت
            خايف أرجع البيت | خايفة أرجع البيت | خايف أرجع عالبيت | خايفة أرجع عالبيت | خايف أروح البيت
            خايفة أروح البيت | لست بأمان | لست في أمان | مش بأمان | مو بأمان | لا أشعر بالأمان | مش حاسس بالأمان
            مش حاسة بالأمان | في خطر | معه سكين* | معه سلاح | معاه سكين* | معاه سلاح | معو سكين* | عنده سلاح
            هددني بالقتل | يهددني بالقتل | بيهددني بالقتل | اتصلوا بالشرطة
        """,
        "es": f"""
            quiero morir | quiero morirme | me quiero morir | quisiera morir* | ganas de morir* [de risa, de la risa]
            no quiero vivir | no quiero seguir viviendo | quiero matarme | voy a matarme | me voy a matar
            me quiero matar | se quiere matar | quiere matarse | pienso en matarme | ganas de matarme
            intenté matarme | suicid* | quitarme la vida | quitarse la vida | acabar con mi vida
            terminar con mi vida | cortarme [{_HAIR}] | me corto [{_HAIR}] | cortarme las venas | se corta los brazos
            se corta las venas | se corta las piernas | hacerme daño | me hago daño | se hace daño | me lastimo
            lastimarme | me pega [bien, con la ropa] | me pegan | me pegaba | me pegaban | me pegó | me pegaron
            me ha pegado | me han pegado | me golpea* | me golpeó | me golpean | me golpearon | me maltrata*
            me patea* | me agrede* | me agredió | me asfixia | me ahorca | me toca [{_TURN}] | me tocan [{_TURN}]
            me tocaba [{_TURN}] | me tocó [{_TURN}] | me ha tocado [{_TURN}] | me manose* | me toquete*
            me besó a la fuerza | me obligó a desnudarme | me obliga a desnudarme | me violó | me viola | me violaron
            me han violado | fui violad* | abusa de mí | abusan de mí | abusó de mí | abusaron de mí | abuso sexual
            no estoy a salvo | no estoy segura en casa | no estoy seguro en casa | no me siento segura en casa
            no me siento seguro en casa | miedo de ir a casa | miedo ir a casa | miedo volver a casa
            miedo a volver a casa | miedo de volver a casa | miedo estar en casa | estoy en peligro | está en peligro
            estamos en peligro | tiene un cuchillo | lleva un cuchillo | trae un cuchillo | trajo un cuchillo
            tiene una navaja | lleva una navaja | tiene una pistola | tiene un arma | amenaza con matarme
            amenazó con matarme | amenaza de muerte | llama a la policía | llamen a la policía | me dio una paliza
            me dieron una paliza | me da palizas | miedo de estar en casa | miedo de estar en mi casa | se hace cortes
        """,
        "fr": f"""
            je veux mourir [de rire] | jveux mourir [de rire] | je voudrais mourir | j aimerais mourir
            envie de mourir [de rire, de honte] | je veux crever | envie de crever | je veux plus vivre
            je ne veux plus vivre | plus envie de vivre | pas envie de vivre | en finir avec la vie | envie d en finir
            je veux me tuer | je vais me tuer | envie de me tuer | penser à me tuer | pense à me tuer
            essayé de me tuer | veut se tuer | me suicider | suicid* | mettre fin à mes jours | me pendre
            me jeter sous | sauter par la fenêtre | m ouvrir les veines
            je me coupe [les cheveux, les ongles, la frange, du pain, de tout, en deux] | me couper les veines
            me couper les bras | se coupe les bras | se coupe les veines | elle se coupe [les cheveux, les ongles]
            me scarifi* | se scarifi* | scarification* | me faire du mal | je me fais du mal | il me frappe
            elle me frappe | me frappe | me frappent | me frappait | il m a frappé* | elle m a frappé*
            on m a frappé* | ils m ont frappé* | père m a frappé* | mère m a frappé* | frère m a frappé*
            oncle m a frappé* | qui m a frappé* | m ont frappé* | me bat [{_GAMES}] | me battent [{_GAMES}]
            me battait | m a battu* [{_GAMES}] | m étrangle | m a étranglé* | il me touche | elle me touche
            père me touche | oncle me touche | frère me touche | cousin me touche | prof me touche | copain me touche
            entraîneur me touche | me touche les | me touche partout | me touche sous | me touche la nuit
            il m a touché* | elle m a touché* | on m a touché* | il m a violé | on m a violé | qui m a violé
            m ont violé | me viole | viol | abuse de moi | abusé de moi | attouchement* | agression sexuelle
            m a agressé* | pas en sécurité
            peur de rentrer [en retard, tard, en classe, en cours, dans la classe, dans la salle] | je suis en danger
            elle est en danger | il est en danger | on est en danger | suis en danger | il a un couteau | a un couteau
            a une arme | a un flingue | menace de me tuer | menacé de me tuer | menace de mort | menacé* de mort
            appelez la police | m a forcé à | m a forcée à | me force à le toucher | m oblige à le toucher
        """,
        "pl": """
            chcę umrzeć | chciałbym umrzeć | chciałabym umrzeć | wolę umrzeć | wolałbym nie żyć | wolałabym nie żyć
            nie chcę żyć | nie chcę już żyć | nie chce mi się żyć | nie mam po co żyć | zabić się | się zabić
            zabiję się | się zabiję | samobój* | odebrać sobie życie | skończyć ze sobą | skończę ze sobą
            powiesić się | się powiesić | powieszę się | skoczyć z mostu | rzucić się pod | tnę się | się tnę
            tnie się | się tnie | ciąć się | pociąłem się | pocięłam się | samookalecz* | okalecz* | skrzywdzić się
            robię sobie krzywdę | zrobić sobie krzywdę | krzywdzę się | bije mnie | mnie bije | biją mnie | mnie biją
            bił mnie | biła mnie | mnie bił | mnie biła | pobił mnie | pobiła mnie | pobili mnie | mnie pobił*
            mnie pobili | uderzył mnie | uderzyła mnie | mnie uderzył* | kopie mnie | kopią mnie | mnie kopie
            mnie kopią | dusi mnie | mnie dusi | dusił mnie | mnie dusił | znęca się nade mną | znęca się nad mną
            wujek mnie dotyka | tata mnie dotyka | ojczym mnie dotyka | brat mnie dotyka | dziadek mnie dotyka
            kuzyn mnie dotyka | trener mnie dotyka | pan mnie dotyka | on mnie dotyka | dotyka mnie | dotykał mnie
            dotykała mnie | mnie dotykał | obmacuje mnie | mnie obmacuje | obmacywał* mnie | obmacywał mnie
            mnie obmacywał | zgwałc* | gwałci | gwałt | molest* | wykorzystuje mnie seksualnie
            boję się wracać do domu | boję się wrócić do domu | boję się iść do domu | boję się być w domu
            boję się w domu | nie jestem bezpieczn* | nie czuję się bezpieczn* | w niebezpieczeństwie | ma nóż
            nosi nóż | przyniósł nóż | przyniosła nóż | ma broń | ma pistolet | grozi że mnie zabije
            groził że mnie zabije | dzwońcie na policję | zadzwońcie na policję | wezwijcie policję | nie mam siły żyć
            nie mam już siły żyć
        """,
        "pt": f"""
            quero morrer [de rir] | queria morrer | gostava de morrer | vontade de morrer | preferia morrer
            não quero viver | não quero mais viver | já não quero viver | quero matar me | vou matar me
            quero me matar | vou me matar | penso em matar me | pensei em matar me | pensando em me matar
            vontade de me matar | quer se matar | quer matar se | suicid* | acabar com a minha vida
            tirar a minha vida | tirar a própria vida | pôr fim à vida | corto me [{_HAIR}] | cortar me [{_HAIR}]
            me cortando [{_HAIR}] | me cortar [{_HAIR}] | corto os pulsos | cortar os pulsos | corto os braços
            automutil* | magoar me | magoo me | me machuco | me machucar | me machuca | me machucou | bate me
            batem me | bateu me | bateram me | me bate | me batem | me bateu | me bateram | espanca me | me espanc*
            espancou me | me dá porrada | dá me porrada | deu me um murro | me deu um soco | dá me pontapés
            pai toca me | tio toca me | irmão toca me | avô toca me | primo toca me | padrasto toca me
            professor toca me | treinador toca me | ele toca me | ela toca me | alguém toca me | pai me toca
            tio me toca | irmão me toca | padrasto me toca | professor me toca | ele me toca | tocou me
            me tocou [{_TURN}] | apalp* me | apalpou me | me apalp* | violou me | me violou | fui violad*
            me estuprou | estupr* | abusa de mim | abusam de mim | abusou de mim | abuso sexual
            não estou em segurança | não estou segura em casa | não estou seguro em casa | não me sinto segura
            não me sinto seguro | medo de ir para casa | medo de ir pra casa | medo de voltar para casa
            medo de voltar pra casa | medo de estar em casa | em perigo | tem uma faca | traz uma faca
            trouxe uma faca | tem uma arma | trouxe uma arma | ameaçou me de morte | me ameaçou de morte
            ameaça de morte | chamem a polícia | chama a polícia | liguem para a polícia | apetece me morrer
            corta se nos braços | corta se nas pernas | se corta nos braços
        """,
        "ro": f"""
            vreau să mor | aș vrea să mor | mi aș dori să mor | nu mai vreau să trăiesc | nu vreau să mai trăiesc
            nu mai vreau să exist | mă omor [după, cu] | să mă omor [după, cu] | vrea să se omoare | mă sinucid
            sinucid* | sinucig* | îmi iau viața | mi iau viața | să se sinucidă | mă spânzur | să mă arunc de pe
            mă tai [unghiile, părul] | să mă tai [unghiile, părul] | se taie pe mâini | mă crestez | îmi fac rău
            mi fac rău | își face rău | mă bate [{_GAMES}, gândul, vântul, soarele, la cap]
            mă bat [{_GAMES}, cu, pentru] | m a bătut [{_GAMES}, vântul, soarele, gândul] | m au bătut [{_GAMES}]
            mă lovește [mingea] | mă lovesc cu | m a lovit [mingea, gripa, norocul, ideea] | m au lovit
            mă strânge de gât | m a strâns de gât | mă atinge [adânc, povestea] | m a atins | mă pipăie | m a pipăit
            m a violat | m au violat | mă violează | abuzeaz* | abuzat* | abuz sexual | nu sunt în siguranță
            nu mă simt în siguranță | frică să merg acasă | frică să mă duc acasă | frică să mă întorc acasă
            frică să stau acasă | teamă să merg acasă | teamă să mă întorc acasă | în pericol | are un cuțit
            are cuțit | a adus un cuțit | are un pistol | are o armă | mă amenință cu moartea
            m a amenințat cu moartea | sunați la poliție | sunați poliția | chemați poliția | se taie pe
            prietena mea se taie | prietenul meu se taie | frică de tatăl meu | frică de tata
        """,
        "uk": """
            хочу померти | хочу вмерти | хочеться померти | хочеться вмерти | краще б я помер | краще б я померла
            не хочу жити | не хочу більше жити | більше не хочу жити | жити не хочу | не хочеться жити | вбити себе
            убити себе | уб'ю себе | вб'ю себе | накласти на себе руки | покінчити з собою | покінчити з життям
            покінчу з собою | самогуб* | суїцид* | повішуся | повішусь | повіситися | стрибнути з даху
            стрибнути з мосту | ріжу себе | ріжу собі | ріжу руки | ріжуся | ріже себе | різати себе | різала себе
            різав себе | порізала себе | порізав себе | завдаю собі шкоди | завдає собі шкоди | шкоджу собі
            нашкодити собі | мене б'є | б'є мене | мене б'ють | б'ють мене | бив мене | била мене | мене бив
            мене била | мене били | побив мене | мене побив | мене побила | мене побили | побили мене | мене вдарив
            мене вдарила | вдарив мене | мене душить | душить мене | душив мене | мене душив | мене лапає | лапає мене
            лапав мене | мене лапав | чіпає мене там | чіпає моє тіло | торкається мене | мене торкається
            торкався мене | мене торкався | торкається моїх | зґвалт* | ґвалтує | ґвалтував | ґвалтують
            домагається мене | домагався мене | домагається до мене | домагався до мене | боюся йти додому
            боюсь йти додому | боюся повертатися додому | боюсь повертатися додому | страшно йти додому
            боюся бути вдома | я не в безпеці | вдома не в безпеці | не почуваюся в безпеці | не почуваюсь в безпеці
            у небезпеці | в небезпеці | має ніж | у нього ніж | у неї ніж | приніс ніж | принесла ніж | у нього зброя
            у нього пістолет | погрожує вбити | погрожував вбити | викличте поліцію | хочу умереть | не хочу жить
            покончить с собой | убить себя | убью себя | режу себя | меня бьет | бьет меня | меня бьют | меня избил*
            он меня трогает | изнасил* | боюсь идти домой | ріже руки | ріже собі | боюся тата | боюся вітчима
        """,
        "ur": """
            مرنا چاہتا | مرنا چاہتی | مر جانا چاہتا | مر جانا چاہتی | مرنے کا دل | مرنے کو دل | جینا نہیں چاہتا
            جینا نہیں چاہتی | جینے کا دل نہیں | جینے کو دل نہیں | خودکشی | خود کشی | خود کو مار | خود کو ختم
            خود کو نقصان | خود کو کاٹ* | اپنے آپ کو مار | اپنے آپ کو ختم | اپنے آپ کو نقصان | اپنے آپ کو کاٹ*
            اپنی جان لے | اپنی جان دے | مجھے مارتا | مجھے مارتی | مجھے مارتے | مجھے مارا | مجھے پیٹتا | مجھے پیٹتے
            مجھے پیٹا | مجھے تھپڑ | مجھے لات | میرا گلا دبا* | مجھے چھوتا | مجھے چھوتی | مجھے چھوتے | مجھے چھوا
            مجھے ہاتھ لگاتا | مجھے ہاتھ لگاتے | میرے ساتھ زیادتی | زیادتی کی | میرا ریپ | ریپ ہوا | ریپ کیا
            گھر جانے سے ڈر | گھر جاتے ڈر | گھر جاتے ہوئے ڈر | گھر میں محفوظ نہیں | محفوظ نہیں ہوں | خطرے میں ہوں
            کے پاس چاقو | چاقو لے کر | چاقو لایا | کے پاس پستول | کے پاس بندوق | جان سے مارنے کی دھمکی | پولیس کو بلا*
            mujhe marta | mujhe marti | mujhe marte | mujhe mara hai | mujhe pitta | mujhe pita hai | mujhe chuta
            mujhe chhuta | marna chahta | marna chahti | mar jana chahta | mar jana chahti | khud kushi | khudkhushi
            jina nahi chahta | jina nahi chahti | jeena nahi chahta | jeena nahi chahti | ghar jane se dar
            بیلٹ سے مار* | ڈنڈے سے مار* | سے مارتا ہے | سے مارتے ہیں
        """,
    }
)
