"""Phrases of immediate danger, by language: data, to be read and mended by a safeguarding lead.

By what the words are about. A `*` stands for any ending; a space also matches no space ("killmyself"). Words are
written without apostrophes or hyphens, in small letters. What stands in square brackets may not follow, for then the
phrase is an everyday one. The Welsh list is a draft that no speaker has signed. All languages are looked for at once,
for people mix them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "ending one's life": """
            kill myself | kill my self | killing myself | killing my self | killin myself | kms | suicid*
            sucid* | suiside | suicde
            unalive | unaliving | end my life | ending my life | end it all | take my own life | taking my own life
            take my life | want to die | wanna die | wana die | wnt to die | want 2 die | wish i was dead
            wish i were dead | wish i was never born | want to be dead | better off dead | better off without me
            no reason to live | nothing to live for | cant go on like this | dont want to live | do not want to live
            dont wanna live | dont want to be alive | dont wanna be alive | dont want to be here anymore
            dont want to be here any more | dont wanna be here anymore | hang myself | hanging myself | hung myself
            noose | jump off a bridge | jump off the bridge | jumped off the bridge | jump off a roof
            jump off the roof | jump in front of a
            overdose | overdosed | overdosing | took all my pills | take all my pills | took too many pills
            took loads of pills
        """,
        "somebody ending their life": """
            wants to kill | kill herself | kill himself | kill themself | kill themselves | killing herself
            killing himself | killing themselves | wants to die | wants to end it | wants to be dead | end her life
            end his life | end their life | ending her life | ending his life | take her own life | take his own life
            take their own life | doesnt want to live | does not want to live | doesnt want to be alive
            doesnt want to be here anymore | doesnt want to be here any more | hang herself | hang himself
        """,
        "hurting oneself": """
            cutting herself | cutting himself | cutting themselves | cuts herself | cuts himself | cut her wrist*
            cut his wrist* | harming herself | harming himself | harms herself | harms himself
            self harm* | slef harm* | self injur* | cut myself | cuts myself | cutting myself | cut my wrist*
            cutting my wrist* | slit my wrist* | hurt myself | hrt myself | hurting myself | harm myself
            harming myself | burn myself | burning myself | starve myself | starving myself | poison myself
            strangle myself | strangling myself | bleeding a lot | wont stop bleeding
        """,
        "being hurt": """
            hits me | hit me | hitting me | beats me up | beat me up | beating me | beats me with | beat me with
            punches me | punched me | kicks me | kicked me | hurts me | hurt me | hurting me | strangled me
            hands round my neck | strangles me | strangling me | choked me | chokes me | choking me | burned me
            burnt me
            going to kill me | gonna kill me | threatened to kill | threatens to kill | death threat*
            abuse | abused | abuses | abusing | abuser | abusive | locked me in | locks me in
        """,
        "being touched or forced": """
            rape | raped | rapes | raping | rapist | molest* | touched me | touches me | touching me | groomed me
            grooming me | made me undress | makes me undress | forced me to have sex | made me have sex
            made me touch | forced marriage | forced to marry | forcing me to marry
        """,
        "not being safe": """
            not safe at home | unsafe at home | not safe here | im not safe | i am not safe | dont feel safe
            do not feel safe | scared to go home | afraid to go home | frightened to go home | scared of going home
            scared at home | run away from home | running away from home | ran away from home | in danger
            call the police | ring the police | call 999 | ring 999 | call an ambulance | save me
        """,
        "hurting others": """
            kill yourself | kys | want to kill | wanna kill | kill someone | kill everyone | going to kill him
            going to kill her | going to kill them | going to kill you | gonna kill him | gonna kill her
            gonna kill them | gonna kill you | stab | stabs | stabbed | stabbing | got a knife | has a knife
            have a knife | bring a knife | brought a knife | got a gun | has a gun | have a gun | bring a gun
            brought a gun | shoot up
        """,
    }
)

_WELSH: Mapping[str, str] = MappingProxyType(
    {
        "ending one's life": """
            lladd fy hun | lladd fy hunan | lladd fyn hun | ladd fy hun | ladd fy hunan | eisiau marw | eisie marw
            isio marw | isho marw | isie marw | ishe marw | moyn marw | am farw | hunanladdiad | hunanladdol
            ddim eisiau byw | dim eisiau byw | ddim isio byw | dim isio byw | dwim isio byw | ddim isho byw
            dwim isho byw | ddim moyn byw | sai moyn byw | sa i moyn byw | gwell hebdda i | gwell hebddaf i
            rhoi diwedd ar fy mywyd | diwedd ar y cyfan
        """,
        "somebody ending their life": """
            lladd ei hun | lladd ei hunan | lladd eu hunain | ladd ei hun | ladd ei hunan
        """,
        "hurting oneself": """
            hunan niweid* | hunan niwed | hunaniweid* | hunaniwed | niweidio fy hun | niweidio ei hun | brifo fy hun
            frifo fy hun | torri fy hun | torri fy hunan | dorri fy hun | dorri fy hunan | torri ei hun | torri ei hunan
            llosgi fy hun
        """,
        "being hurt": """
            fy nharo [i fod, i bod] | fyn nharo | taro fi | fy nghuro [mewn gêm, i mewn gêm, mewn ras, i mewn ras]
            curo fi [mewn gêm, mewn ras] | fy mwrw | bwrw fi | hitio fi | fy waldio | waldio fi | fy mrifo | brifo fi
            fy lladd i | yn fy nghicio | cicio fi | fy nhagu | tagu fi | fy ngham drin
        """,
        "being touched or forced": """
            fy nhreisio | treisio fi | fy nghyffwrdd | cyffwrdd ynof | cyffwrdd yno i | cyffwrdd fi | fy nhwtsiad
            twtsiad fi | priodas dan orfod | gorfodi i briodi
        """,
        "not being safe": """
            dw i ddim yn ddiogel | dwi ddim yn ddiogel | dydw i ddim yn ddiogel | dwim yn ddiogel
            ddim yn ddiogel gartref | ddim yn ddiogel adref | ddim yn ddiogel adre | ddim yn ddiogel adra
            ddim yn ddiogel yma | ddim yn teimlon ddiogel | dwi ddim yn saff | dw i ddim yn saff | dwim yn saff
            ddim yn saff gartref | ddim yn saff adref | ddim yn saff adre | ddim yn saff adra | ddim yn saff yma
            ofn mynd adref | ofn mynd adre | ofn mynd adra | ofn mynd gartref | ofn mynd gatre | mewn perygl
            mewn peryg | rhedeg i ffwrdd o adref | ffonior heddlu | ffoniwch yr heddlu | galwch yr heddlu
            ffoniwch 999 | ffonio 999 | galwch ambiwlans
        """,
        "hurting others": """
            lladd dy hun | ladd dy hun | lladd rhywun | ladd rhywun | lladd pawb | ladd pawb | ganddo gyllell
            ganddi gyllell | ganddo fo gyllell | ganddi hi gyllell | gyda fe gyllell | dod â chyllell | cario cyllell
            chyllell yn ei fag | cyllell yn ei fag | chyllell yn yr ysgol | cyllell yn yr ysgol
        """,
    }
)

BY_LANGUAGE: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": _ENGLISH, "cy": _WELSH})
