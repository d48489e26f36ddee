"""The closed lists of words as people read them, in each language: tables and nothing else.

Each stands alone, as a choice in a form or a cell in a list, hence the capital. Read through the
functions of `webinars.phrasing`.
"""

from webinars.models import (
    AttendanceMode,
    AuditKind,
    CalendarReply,
    Civility,
    DeliveryState,
    EventKind,
    EventState,
    HalfDay,
    Language,
    MailingState,
    MailName,
    Mode,
    OrganiserRole,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
    SessionKind,
    Share,
    Side,
    SignInMethod,
    SpeakerRole,
    Translated,
)

PROGRAMME = Translated("Programme", "البرنامج", "Programme")
TO_CONNECT = Translated("Pour se connecter", "للاتصال", "To connect")
VENUE = Translated("Lieu", "المكان", "Venue")
DATE_TO_COME = Translated(
    "Reporté, nouvelle date à fixer",
    "مؤجل إلى تاريخ سيُحدد لاحقا",
    "Postponed, date to be announced",
)
EVENT_PAGE = Translated("Page de l’événement", "صفحة الحدث", "Event page")

LANGUAGES = {
    Language.FRENCH: Translated("Français", "الفرنسية", "French"),
    Language.ARABIC: Translated("Arabe", "العربية", "Arabic"),
    Language.ENGLISH: Translated("Anglais", "الإنجليزية", "English"),
}

EVENT_KINDS = {
    EventKind.WEBINAR: Translated("Webinaire", "ندوة عن بُعد", "Webinar"),
    EventKind.ASSISES: Translated("Assises", "مناظرة", "Conference"),
    EventKind.MEETING: Translated("Réunion", "اجتماع", "Meeting"),
    EventKind.CEREMONY: Translated("Cérémonie", "حفل", "Ceremony"),
}

MODES = {
    Mode.ONLINE: Translated("En ligne", "عن بُعد", "Online"),
    Mode.ONSITE: Translated("Sur place", "حضوريا", "In person"),
    Mode.HYBRID: Translated("Sur place et en ligne", "حضوريا وعن بُعد", "In person and online"),
}

EVENT_STATES = {
    EventState.DRAFT: Translated("Brouillon", "مسودة", "Draft"),
    EventState.ANNOUNCED: Translated("Annoncé", "معلن عنه", "Announced"),
    EventState.OPEN: Translated("Inscriptions ouvertes", "التسجيل مفتوح", "Registration open"),
    EventState.CLOSED: Translated("Inscriptions closes", "التسجيل مغلق", "Registration closed"),
    EventState.RUNNING: Translated("En cours", "جارٍ حاليا", "In progress"),
    EventState.ENDED: Translated("Terminé", "انتهى", "Ended"),
    EventState.POSTPONED: Translated("Reporté", "مؤجل", "Postponed"),
    EventState.CANCELLED: Translated("Annulé", "ملغى", "Cancelled"),
}

SPEAKER_ROLES = {
    SpeakerRole.SPEAKER: Translated("Intervention", "متدخل(ة)", "Speaker"),
    SpeakerRole.MODERATOR: Translated("Modération", "تسيير", "Moderator"),
}

SIDES = {
    Side.FRENCH: Translated("Partie française", "الجانب الفرنسي", "French side"),
    Side.MOROCCAN: Translated("Partie marocaine", "الجانب المغربي", "Moroccan side"),
}

SESSION_KINDS = {
    SessionKind.OPENING: Translated("Ouverture", "الافتتاح", "Opening"),
    SessionKind.PLENARY: Translated("Séance plénière", "جلسة عامة", "Plenary session"),
    SessionKind.WORKSHOP: Translated("Atelier", "ورشة", "Workshop"),
    SessionKind.ROUND_TABLE: Translated("Table ronde", "مائدة مستديرة", "Round table"),
    SessionKind.MEETINGS: Translated("Rencontres", "لقاءات", "Meetings"),
    SessionKind.SIGNING: Translated("Signature", "حفل التوقيع", "Signing"),
    SessionKind.QUESTIONS: Translated(
        "Questions et réponses", "أسئلة وأجوبة", "Questions and answers"
    ),
    SessionKind.CLOSING: Translated("Clôture", "الاختتام", "Closing"),
    SessionKind.OTHER: Translated("Séance", "جلسة", "Session"),
}

HALF_DAYS = {
    HalfDay.MORNING: Translated("Matin", "صباحا", "Morning"),
    HalfDay.AFTERNOON: Translated("Après-midi", "بعد الزوال", "Afternoon"),
    HalfDay.EVENING: Translated("Soirée", "مساء", "Evening"),
}

CIVILITIES = {
    Civility.MADAME: Translated("Madame", "السيدة", "Ms"),
    Civility.MONSIEUR: Translated("Monsieur", "السيد", "Mr"),
    Civility.NONE: Translated("Ne souhaite pas préciser", "أفضل عدم التحديد", "Prefer not to say"),
}

SALUTATIONS = {
    Civility.MADAME: Translated("Madame", "سيدتي", "Dear Madam"),
    Civility.MONSIEUR: Translated("Monsieur", "سيدي", "Dear Sir"),
    Civility.NONE: Translated("Madame, Monsieur", "سيدتي، سيدي", "Dear Madam or Sir"),
}

ROLES = {
    Role.ELECTED: Translated("Élue ou élu", "منتخبة أو منتخب", "Elected representative"),
    Role.STAFF: Translated(
        "Agente ou agent d’une collectivité",
        "موظفة أو موظف بجماعة ترابية",
        "Local government staff",
    ),
    Role.STATE: Translated(
        "Représentation de l’État, diplomatie",
        "ممثلو الدولة والسلك الدبلوماسي",
        "State representative or diplomat",
    ),
    Role.ASSOCIATION: Translated(
        "Association ou réseau", "جمعية أو شبكة", "Association or network"
    ),
    Role.COMPANY: Translated("Entreprise ou opérateur", "مقاولة أو فاعل", "Company or operator"),
    Role.ACADEMIC: Translated(
        "Université ou recherche", "جامعة أو بحث علمي", "University or research"
    ),
    Role.PRESS: Translated("Presse", "صحافة", "Press"),
    Role.OTHER: Translated("Autre", "صفة أخرى", "Other"),
}

ORGANIZATION_KINDS = {
    OrganizationKind.COMMUNE: Translated("Commune", "جماعة", "Municipality"),
    OrganizationKind.EPCI: Translated(
        "Intercommunalité (métropole, communauté…)",
        "تجمع جماعات (فرنسا)",
        "Group of municipalities (métropole, communauté…)",
    ),
    OrganizationKind.DEPARTEMENT: Translated(
        "Département (France)", "مقاطعة (فرنسا)", "Département (France)"
    ),
    OrganizationKind.REGION: Translated("Région", "جهة", "Region"),
    OrganizationKind.PROVINCE: Translated(
        "Province (Maroc)", "إقليم (المغرب)", "Province (Morocco)"
    ),
    OrganizationKind.PREFECTURE: Translated(
        "Préfecture (Maroc)", "عمالة (المغرب)", "Prefecture (Morocco)"
    ),
    OrganizationKind.STATE: Translated(
        "Administration de l’État", "إدارة الدولة", "State administration"
    ),
    OrganizationKind.EMBASSY: Translated(
        "Ambassade ou consulat", "سفارة أو قنصلية", "Embassy or consulate"
    ),
    OrganizationKind.ASSOCIATION: Translated(
        "Association ou réseau", "جمعية أو شبكة", "Association or network"
    ),
    OrganizationKind.OPERATOR: Translated(
        "Opérateur ou agence", "وكالة أو مؤسسة عمومية", "Agency or public operator"
    ),
    OrganizationKind.UNIVERSITY: Translated(
        "Université ou établissement de recherche",
        "جامعة أو مؤسسة بحث علمي",
        "University or research body",
    ),
    OrganizationKind.PRESS: Translated("Presse", "صحافة", "Press"),
    OrganizationKind.OTHER: Translated("Autre organisme", "هيئة أخرى", "Other organisation"),
}

ATTENDANCE_MODES = {
    AttendanceMode.ONLINE: Translated("En ligne", "عن بُعد", "Online"),
    AttendanceMode.ONSITE: Translated("Sur place", "حضوريا", "In person"),
}

REGISTRATION_STATUSES = {
    RegistrationStatus.PENDING: Translated(
        "En attente de validation", "في انتظار الموافقة", "Awaiting approval"
    ),
    RegistrationStatus.CONFIRMED: Translated("Confirmée", "مؤكد", "Confirmed"),
    RegistrationStatus.WAITING: Translated("Liste d’attente", "لائحة الانتظار", "Waiting list"),
    RegistrationStatus.DECLINED: Translated("Non retenue", "غير مقبول", "Declined"),
    RegistrationStatus.CANCELLED: Translated("Annulée", "ملغى", "Cancelled"),
}

CALENDAR_REPLIES = {
    CalendarReply.ACCEPTED: Translated("Accepté", "مقبول", "Accepted"),
    CalendarReply.TENTATIVE: Translated("Peut-être", "ربما", "Tentative"),
    CalendarReply.DECLINED: Translated("Décliné", "مرفوض", "Declined"),
}

PRESENCES = {
    Presence.PRESENT: Translated("Présence", "حضور", "Present"),
    Presence.ABSENT: Translated("Absence", "غياب", "Absent"),
    Presence.EXCUSED: Translated("Absence excusée", "غياب بعذر", "Excused"),
}

MAILS = {
    MailName.INVITATION: Translated("Invitation", "دعوة", "Invitation"),
    MailName.INVITATION_REMINDER: Translated(
        "Rappel d’invitation", "تذكير بالدعوة", "Reminder of an invitation"
    ),
    MailName.CONFIRMATION: Translated("Confirmation", "تأكيد التسجيل", "Confirmation"),
    MailName.CALENDAR_DAY: Translated(
        "Entrée d’agenda d’un autre jour", "موعد يوم آخر", "Calendar entry of another day"
    ),
    MailName.WAITING_LIST: Translated("Liste d’attente", "لائحة الانتظار", "Waiting list"),
    MailName.REGISTRATION_RECEIVED: Translated(
        "Inscription reçue, à valider", "توصلنا بالتسجيل", "Registration received"
    ),
    MailName.REGISTRATION_DECLINED: Translated(
        "Inscription non retenue", "تسجيل غير مقبول", "Registration declined"
    ),
    MailName.REGISTRATION_CANCELLED: Translated(
        "Inscription annulée", "إلغاء التسجيل", "Registration cancelled"
    ),
    MailName.OWN_LINK: Translated("Lien personnel", "الرابط الشخصي", "Personal link"),
    MailName.REMINDER: Translated("Rappel", "تذكير", "Reminder"),
    MailName.PRACTICAL_INFORMATION: Translated(
        "Informations pratiques", "معلومات عملية", "Practical information"
    ),
    MailName.CONNECTION_LINK: Translated("Lien de connexion", "رابط الاتصال", "Connection link"),
    MailName.MESSAGE: Translated("Message écrit", "رسالة مكتوبة", "Written message"),
    MailName.THANKS: Translated("Remerciements", "رسالة شكر", "Thanks"),
    MailName.ROOM_MISSING: Translated(
        "Alerte : salle manquante", "تنبيه: القاعة غير محددة", "Alert: room missing"
    ),
    MailName.EVENT_MOVED: Translated(
        "Changement de dates ou d’horaires", "تغيير التاريخ أو التوقيت", "Dates or times changed"
    ),
    MailName.EVENT_CHANGED: Translated(
        "Changement de lieu ou de programme",
        "تغيير المكان أو البرنامج",
        "Venue or programme changed",
    ),
    MailName.EVENT_POSTPONED: Translated("Report sans date", "تأجيل دون موعد", "Postponement"),
    MailName.EVENT_CANCELLED: Translated(
        "Annulation de l’événement", "إلغاء الحدث", "Event cancelled"
    ),
    MailName.RECONFIRM_REMINDER: Translated(
        "Relance : maintenez-vous ?", "تذكير بتأكيد المشاركة", "Reminder to confirm"
    ),
    MailName.REPRESENTED: Translated("Remplacement", "تعويض", "Substitution"),
    MailName.CALENDAR_DECLINED: Translated(
        "Invitation d’agenda déclinée", "رفض الدعوة في التقويم", "Calendar invitation declined"
    ),
    MailName.CHANGE_REQUESTED: Translated(
        "Demande de modification", "طلب تعديل", "Change requested"
    ),
    MailName.ZONE_CHANGED: Translated(
        "Alerte : heure légale modifiée",
        "تنبيه: تغير التوقيت القانوني",
        "Alert: legal time changed",
    ),
    MailName.ORGANISER_INVITATION: Translated(
        "Invitation à organiser", "دعوة إلى التنظيم", "Invitation to organise"
    ),
    MailName.SIGN_IN_LINK: Translated(
        "Lien d’accès à l’espace", "رابط الولوج إلى الفضاء", "Sign-in link"
    ),
    MailName.NEW_PASSWORD_LINK: Translated(
        "Lien pour un nouveau mot de passe", "رابط كلمة سر جديدة", "New password link"
    ),
    MailName.SIGN_IN_CHANGED: Translated(
        "Connexion modifiée", "تغيير في طريقة الولوج", "Sign-in changed"
    ),
    MailName.LIST_READY: Translated(
        "Rappel : liste prête", "تذكير: اللائحة جاهزة", "Reminder: list ready"
    ),
}

ORGANISER_ROLES = {
    OrganiserRole.OWNER: Translated("Responsable", "مسؤول(ة)", "Owner"),
    OrganiserRole.EDITOR: Translated("Édition", "التحرير", "Editor"),
    OrganiserRole.REGISTRATIONS: Translated("Inscriptions", "التسجيلات", "Registrations"),
    OrganiserRole.CHECK_IN: Translated("Accueil", "الاستقبال", "Check-in"),
    OrganiserRole.READER: Translated("Lecture", "الاطلاع", "Reader"),
    OrganiserRole.VALIDATOR_FR: Translated(
        "Validation du programme, côté français",
        "المصادقة على البرنامج، الجانب الفرنسي",
        "Programme validation, French side",
    ),
    OrganiserRole.VALIDATOR_MA: Translated(
        "Validation du programme, côté marocain",
        "المصادقة على البرنامج، الجانب المغربي",
        "Programme validation, Moroccan side",
    ),
}

SIGN_IN_METHODS = {
    SignInMethod.PASSWORD: Translated("Mot de passe", "كلمة السر", "Password"),
    SignInMethod.TOTP: Translated(
        "Mot de passe et code du téléphone", "كلمة السر ورمز الهاتف", "Password and phone code"
    ),
    SignInMethod.RECOVERY: Translated(
        "Mot de passe et code de secours", "كلمة السر ورمز احتياطي", "Password and recovery code"
    ),
    SignInMethod.LINK: Translated("Lien reçu par courriel", "رابط بالبريد", "Link by mail"),
}

SHARES = {
    Share.ALL: Translated("Tout", "كل شيء", "Everything"),
    Share.LISTS: Translated("Les listes", "اللوائح", "The lists"),
    Share.FIGURES: Translated("Les chiffres", "الأرقام", "The figures"),
}

AUDIT_KINDS = {
    AuditKind.SEEN: Translated("Consulté", "اطلاع", "Seen"),
    AuditKind.EXPORTED: Translated("Exporté", "تصدير", "Exported"),
    AuditKind.CHANGED: Translated("Modifié", "تعديل", "Changed"),
}

MAILING_STATES = {
    MailingState.PLANNED: Translated("Prévu", "مبرمج", "Planned"),
    MailingState.HELD: Translated("Suspendu", "معلق", "Held"),
    MailingState.SENDING: Translated("Envoi en cours", "قيد الإرسال", "Sending"),
    MailingState.PAUSED: Translated("En pause", "متوقف مؤقتا", "Paused"),
    MailingState.DONE: Translated("Terminé", "انتهى", "Done"),
    MailingState.CANCELLED: Translated("Annulé", "ملغى", "Cancelled"),
}

DELIVERY_STATES = {
    DeliveryState.PENDING: Translated("À envoyer", "في انتظار الإرسال", "To be sent"),
    DeliveryState.SENDING: Translated("Envoi en cours", "قيد الإرسال", "Sending"),
    DeliveryState.ACCEPTED: Translated("Envoyé", "أُرسل", "Sent"),
    DeliveryState.DELIVERED: Translated("Remis", "سُلّم", "Delivered"),
    DeliveryState.BOUNCED: Translated("Revenu en erreur", "أُرجع بخطأ", "Bounced"),
    DeliveryState.FAILED: Translated("Échec", "فشل الإرسال", "Failed"),
    DeliveryState.UNCERTAIN: Translated("Incertain", "غير مؤكد", "Uncertain"),
    DeliveryState.EXPIRED: Translated("Sans objet", "فات أوانه", "No longer relevant"),
    DeliveryState.SUPPRESSED: Translated("Adresse écartée", "عنوان مستبعد", "Address set aside"),
    DeliveryState.CANCELLED: Translated("Annulé", "ملغى", "Cancelled"),
}
