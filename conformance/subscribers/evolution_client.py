"""GNOME's own calendar client as a process: reads one JSON command per line, answers one JSON line.

    {"do": "subscribe", "name": N, "url": U}     {"do": "refresh", "name": N}     {"do": "hold", "name": N}

Runs by Debian's /usr/bin/python3 (python3-gi) inside dbus-run-session, whose bus starts Evolution data server.
"""

import json
import sys

import gi

gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402

CONNECT_SECONDS = 1
clients = {}


def subscribe(registry, name, url):
    source = EDataServer.Source.new(None, None)
    source.set_display_name(name)
    source.set_parent("webcal-stub")
    source.get_extension(EDataServer.SOURCE_EXTENSION_CALENDAR).set_backend_name("webcal")
    webdav = source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND)
    webdav.set_uri(GLib.Uri.parse(url, GLib.UriFlags.NONE))
    registry.commit_source_sync(source, None)
    committed = registry.ref_source(source.get_uid()) or source
    clients[name] = ECal.Client.connect_sync(committed, ECal.ClientSourceType.EVENTS, CONNECT_SECONDS, None)


def utc(time):
    if time is None or time.is_null_time():
        return None
    if time.is_date():
        return f"{time.get_year():04}-{time.get_month():02}-{time.get_day():02}"
    moment = GLib.DateTime.new_from_unix_utc(time.as_timet_with_zone(time.get_timezone()))
    return moment.format("%Y-%m-%dT%H:%M:%SZ")


def held(client, component):
    def zoned(value):
        if value is None:
            return None
        time, tzid = value.get_value(), value.get_tzid()
        if tzid:
            time.set_timezone(client.get_timezone_sync(tzid, None)[1])
        return utc(time)

    status = component.get_icalcomponent().get_first_property(ICalGLib.PropertyKind.STATUS_PROPERTY)
    return {
        "uid": component.get_uid(),
        "sequence": component.get_sequence(),
        "status": None if status is None else status.get_value_as_string(),
        "start_utc": zoned(component.get_dtstart()),
        "summary": component.get_summary().get_value(),
    }


def answer(registry, command):
    name = command["name"]
    if command["do"] == "subscribe":
        subscribe(registry, name, command["url"])
        return None
    client = clients[name]
    if command["do"] == "refresh":
        client.refresh_sync(None)
        return None
    _, components = client.get_object_list_as_comps_sync("#t", None)
    return [held(client, component) for component in components]


def main():
    registry = EDataServer.SourceRegistry.new_sync(None)
    for line in sys.stdin:
        try:
            reply = {"ok": answer(registry, json.loads(line))}
        except GLib.Error as error:
            reply = {"error": error.message}
        print(json.dumps(reply), flush=True)


main()
