"""A mail server for tests, of one conversation at a time: smtp.py [starttls] [implicit] [auth] [refuse] [cut] [silent]

Prints its port, then one line for whatever it hears, and the letter itself between DATA and its point. With a
certificate it wants the file in the variable CERTIFICATE, which holds key and certificate.
"""
import os
import socket
import ssl
import sys

flags = set(sys.argv[1:])


def tell(line):
    print(line, flush=True)


def guarded(line):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERTIFICATE"])
    return context.wrap_socket(line, server_side=True)


def serve(line):
    is_guarded = "implicit" in flags
    if is_guarded:
        line = guarded(line)
    reader = line.makefile("rb")

    def answer(text):
        line.sendall(text.encode() + b"\r\n")

    answer("220 standin.example ready")
    while True:
        heard = reader.readline()
        if not heard:
            return tell("gone")
        text = heard.decode("utf-8", "replace").rstrip("\r\n")
        tell(text)
        word = text.split(" ")[0].upper()
        if word == "EHLO":
            offers = ["standin.example"]
            if "starttls" in flags and not is_guarded:
                offers.append("STARTTLS")
            if "auth" in flags:
                offers.append("AUTH PLAIN LOGIN")
            answer("\r\n".join("250" + ("-" if index < len(offers) - 1 else " ") + offer
                               for index, offer in enumerate(offers)))
        elif word == "STARTTLS":
            answer("220 go on")
            line = guarded(line)
            reader = line.makefile("rb")
            is_guarded = True
        elif word == "AUTH":
            if len(text.split(" ")) == 2:
                answer("334 ")
                reader.readline()
            answer("535 wrong" if "refuse" in flags else "235 welcome")
        elif word == "RCPT" and "refuse" in flags and "auth" not in flags:
            answer("550 no such user")
        elif word == "DATA":
            answer("354 go on")
            while True:
                part = reader.readline()
                if part in (b".\r\n", b""):
                    break
                tell("> " + part.decode("utf-8", "replace").rstrip("\r\n"))
            if "cut" in flags:
                return line.close()
            answer("250 taken")
        elif word == "QUIT":
            answer("221 bye")
            return tell("done")
        else:
            answer("250 fine")


with socket.create_server(("127.0.0.1", 0)) as door:
    tell(door.getsockname()[1])
    while True:
        line, _ = door.accept()
        if "silent" in flags:
            tell("silent")
            held = line
            continue
        try:
            serve(line)
        except (ssl.SSLError, OSError):
            tell("broken")
