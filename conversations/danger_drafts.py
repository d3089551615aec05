"""Phrases of immediate danger in the other languages that are offered: drafts that no speaker has signed.

They make a whisper urgent, and do nothing else: no name is told because of them, and no notice promises them. Written
as in `danger_phrases`: a `*` stands for any ending; accents and repeated letters make no difference. A language that a
speaker has signed moves there, and the notices name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DRAFTS: Mapping[str, str] = MappingProxyType(
    {
        "ar": """
            أريد أن أموت | اريد ان اموت | بدي موت | بدي أموت | أقتل نفسي | انتحر* | انتحار* | أؤذي نفسي
            أجرح نفسي | يضربني | تضربني | ضربني | يضربوني | يلمسني | لمسني | اغتصب* | تحرش بي | يتحرش بي
            أخاف أن أعود إلى البيت | لست بأمان | مش بأمان | في خطر | معه سكين | اتصلوا بالشرطة
        """,
        "es": """
            quiero morir | quiero morirme | me quiero morir | no quiero vivir | matarme | me voy a matar
            suicid* | quitarme la vida | cortarme | me corto | hacerme daño | me hago daño | me pega | me pegan
            me golpea | me pegó | me maltrata | me toca | me tocó | me violó | me viola | abusa de mí
            abusó de mí | no estoy a salvo | miedo de ir a casa | miedo a volver a casa | estoy en peligro
            tiene un cuchillo | lleva un cuchillo | llama a la policía
        """,
        "fr": """
            je veux mourir | j ai envie de mourir | envie de mourir | je veux plus vivre | je ne veux plus vivre
            me tuer | me suicider | suicid* | mettre fin à mes jours | je me coupe | me scarifie*
            me faire du mal | il me frappe | elle me frappe | me frappe | me bat | m a frappé* | me touche
            m a touché* | m a violé* | me viole | abuse de moi | pas en sécurité | peur de rentrer | en danger
            il a un couteau | a un couteau | appelez la police
        """,
        "pl": """
            chcę umrzeć | chce umrzec | nie chcę żyć | zabić się | zabiję się | zabije sie | samobój*
            odebrać sobie życie | tnę się | tne sie | ciąć się | okalecz* | skrzywdzić się | bije mnie
            on mnie bije | ona mnie bije | mnie bije | pobił mnie | dotyka mnie | dotykał mnie | zgwałc*
            gwałci | molest* | boję się wracać do domu | boję się wrócić do domu | nie jestem bezpieczn*
            w niebezpieczeństwie | ma nóż | dzwońcie na policję
        """,
        "pt": """
            quero morrer | não quero viver | não quero mais viver | matar me | me matar | suicid*
            acabar com a minha vida | corto me | me corto | cortar me | magoar me | me machucar | bate me
            ele me bate | ela me bate | me bateu | bateu me | me toca | toca me | tocou me | violou me
            me violou | me estuprou | abusa de mim | abusou de mim | não estou em segurança
            medo de ir para casa | medo de voltar para casa | em perigo | tem uma faca | chamem a polícia
        """,
        "ro": """
            vreau să mor | nu mai vreau să trăiesc | mă omor | să mă omor | mă sinucid | sinucid* | sinucig*
            să îmi iau viața | mă tai | să mă tai | îmi fac rău | mă bate | m a bătut | mă lovește | m a lovit
            mă atinge | m a atins | m a violat | mă violează | abuzeaz* | abuzat* | nu sunt în siguranță
            mi e frică să merg acasă | frică să mă întorc acasă | în pericol | are un cuțit | sunați la poliție
        """,
        "uk": """
            хочу померти | не хочу жити | вбити себе | уб'ю себе | вб'ю себе | покінчити з собою | самогуб*
            ріжу себе | різати себе | завдаю собі шкоди | він мене б'є | вона мене б'є | мене б'є | б'є мене
            мене б'ють | побив мене | чіпає мене | торкається мене | торкався мене | зґвалт* | згвалт*
            домагається мене | боюся йти додому | боюсь йти додому | я не в безпеці | у небезпеці | в небезпеці
            має ніж | у нього ніж | викличте поліцію
        """,
        "ur": """
            مرنا چاہتا ہوں | مرنا چاہتی ہوں | جینا نہیں چاہتا | جینا نہیں چاہتی | خودکشی | خود کشی | خود کو مار
            خود کو نقصان | خود کو کاٹ | مجھے مارتا ہے | مجھے مارتی ہے | مجھے مارتے ہیں | مجھے مارا
            مجھے چھوتا ہے | مجھے چھوا | زیادتی کی | میرا ریپ | گھر جانے سے ڈر | محفوظ نہیں ہوں | خطرے میں ہوں
            چاقو ہے | پولیس کو بلا | mujhe marta hai | mujhe marti hai | marna chahta hun | marna chahti hun
            khudkushi
        """,
    }
)
