"""Mail to members: codes, by the SMTP server of the settings."""

import logging
from email.message import EmailMessage
from email.utils import localtime, make_msgid

import aiosmtplib

from pipit.config import settings

log = logging.getLogger(__name__)

TIMEOUT = 30.0
"""Seconds for each step of the conversation with the SMTP server."""


class Mailer:
    """Sends short plain texts."""

    def __init__(self, mail: settings.Mail) -> None:
        self._mail = mail

    async def send(self, recipient: str, subject: str, text: str) -> bool:
        """Whether the SMTP server took it; if not, the log says why, but not for whom."""
        mail = self._mail
        try:
            await aiosmtplib.send(
                _message(mail.sender, recipient, subject, text),
                hostname=mail.host,
                port=mail.port,
                username=mail.user or None,
                password=mail.password or None,
                use_tls=mail.tls == "tls",
                start_tls=mail.tls == "starttls",
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(str(refusal.code) for refusal in error.recipients)
            log.warning("%s refused the recipient of a mail: %s", mail.host, codes)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            log.error(
                "no mail through %s:%s: %s: %s", mail.host, mail.port, type(error).__name__, error
            )
        else:
            return True
        return False


def _message(sender: str, recipient: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(text)
    return message
