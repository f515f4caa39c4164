"""GNOME's own CalDAV client as a process: reads one JSON command per line, answers one JSON line.

    {"do": "discover", "url": U, "user": N, "password": P}          the calendars found, by address
    {"do": "open", "name": C, "url": U, "user": N, "password": P, "kind": "events"|"tasks"|"memos"}
    {"do": "refresh"|"hold", "name": C}    {"do": "create"|"modify", "name": C, "ics": …}    {"do": "remove", "name": C, "uid": U}

Runs by Debian's /usr/bin/python3 (python3-gi) inside dbus-run-session, whose bus starts Evolution data server.
"""

import json
import os
import sys
import threading
import time

import gi

gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402

KINDS = {"events": "EVENTS", "tasks": "TASKS", "memos": "MEMOS"}
EXTENSIONS = {
    "events": EDataServer.SOURCE_EXTENSION_CALENDAR,
    "tasks": EDataServer.SOURCE_EXTENSION_TASK_LIST,
    "memos": EDataServer.SOURCE_EXTENSION_MEMO_LIST,
}
CONNECT_SECONDS = 20
clients = {}
passwords = {}


def credentials(user, password):
    named = EDataServer.NamedParameters.new()
    named.set(EDataServer.SOURCE_CREDENTIAL_USERNAME, user)
    named.set(EDataServer.SOURCE_CREDENTIAL_PASSWORD, password)
    return named


def on_credentials(registry, source, reason, *_):
    """There is no keyring and nobody to ask."""
    user, password = passwords.get(source.get_uid(), (None, None))
    if user and reason != EDataServer.SourceCredentialsReason.REJECTED:
        source.invoke_authenticate(credentials(user, password), None, None)


def account(command):
    source = EDataServer.Source.new(None, None)
    url = GLib.Uri.parse(command["url"], GLib.UriFlags.NONE)
    login = source.get_extension(EDataServer.SOURCE_EXTENSION_AUTHENTICATION)
    login.set_host(url.get_host())
    login.set_port(url.get_port())
    login.set_user(command["user"])
    login.set_method("plain/password")
    source.get_extension(EDataServer.SOURCE_EXTENSION_SECURITY).set_method("none")
    source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND).set_uri(url)
    return source


def discover(registry, command):
    source = account(command)
    login = credentials(command["user"], command["password"])
    # Python sees the plain C function: what it finds comes as out parameters.
    found = EDataServer.webdav_discover_sources_sync(source, command["url"], 0, login, None)
    sources = next(part for part in found if isinstance(part, list))
    return [{"url": one.href, "name": one.display_name, "supports": one.supports} for one in sources]


def open_calendar(registry, command):
    source = account(command)
    source.set_display_name(command["name"])
    source.set_parent("caldav-stub")
    source.get_extension(EXTENSIONS[command["kind"]]).set_backend_name("caldav")
    passwords[source.get_uid()] = (command["user"], command["password"])
    registry.commit_source_sync(source, None)
    committed = registry.ref_source(source.get_uid()) or source
    kind = getattr(ECal.ClientSourceType, KINDS[command["kind"]])
    clients[command["name"]] = ECal.Client.connect_sync(committed, kind, CONNECT_SECONDS, None)
    # The backend does not bear a refresh while it still connects.
    until = time.monotonic() + CONNECT_SECONDS
    while committed.get_connection_status() != EDataServer.SourceConnectionStatus.CONNECTED:
        if time.monotonic() > until:
            raise TimeoutError(f"no connection: {committed.get_connection_status().value_nick}")
        time.sleep(0.1)


def held(component):
    return {"uid": component.get_uid(), "ics": component.get_as_string()}


def answer(registry, command):
    if command["do"] == "discover":
        return discover(registry, command)
    if command["do"] == "open":
        return open_calendar(registry, command)
    client = clients[command["name"]]
    if command["do"] == "refresh":
        client.refresh_sync(None)
        return None
    if command["do"] == "create":
        return client.create_object_sync(
            ICalGLib.Component.new_from_string(command["ics"]), ECal.OperationFlags.NONE, None
        )[1]
    if command["do"] == "modify":
        component = ICalGLib.Component.new_from_string(command["ics"])
        return client.modify_object_sync(component, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    if command["do"] == "remove":
        return client.remove_object_sync(command["uid"], None, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    _, components = client.get_object_list_as_comps_sync("#t", None)
    return [held(component) for component in components]


def serve(registry):
    for line in sys.stdin:
        try:
            reply = {"ok": answer(registry, json.loads(line))}
        except Exception as error:  # noqa: BLE001  # whatever it is, the suite reports it
            reply = {"error": getattr(error, "message", None) or repr(error)}
        print(json.dumps(reply), flush=True)
    os._exit(0)


registry = EDataServer.SourceRegistry.new_sync(None)
registry.connect("credentials-required", on_credentials)
threading.Thread(target=serve, args=(registry,), daemon=True).start()
# Signals come to this thread.
GLib.MainLoop().run()
