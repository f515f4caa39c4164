/* Reads an iCalendar file with libical (Evolution's and KOrganizer's parser): one JSON line per VEVENT or
 * busy period.
 *
 *     read_libical FILE
 *
 * Local times become instants by the VTIMEZONE in the file. Strict: whatever libical marks as an error
 * (X-LIC-ERROR) ends the run with status 1.
 */
#include <libical/ical.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    long size = ftell(file);
    rewind(file);
    char *body = calloc((size_t)size + 1, 1);
    if (!body || fread(body, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return body;
}

static void print_string(const char *name, const char *value)
{
    printf("\"%s\": ", name);
    if (!value) {
        printf("null, ");
        return;
    }
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20)
            printf("\\u%04x", *c);
        else
            putchar(*c);
    }
    printf("\", ");
}

/* A DATE as it is, a floating time without Z, anything else in UTC. */
static void print_time(const char *name, struct icaltimetype time)
{
    char text[40];
    if (icaltime_is_null_time(time)) {
        print_string(name, NULL);
        return;
    }
    bool floating = !icaltime_is_utc(time) && icaltime_get_timezone(time) == NULL;
    if (!time.is_date && !floating)
        time = icaltime_convert_to_zone(time, icaltimezone_get_utc_timezone());
    int length = snprintf(text, sizeof text, "%04d-%02d-%02d", time.year, time.month, time.day);
    if (!time.is_date)
        snprintf(text + length, sizeof text - (size_t)length, "T%02d:%02d:%02d%s", time.hour, time.minute,
                 time.second, floating ? "" : "Z");
    print_string(name, text);
}

static icalproperty *find(icalcomponent *component, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(component, kind);
}

static void print_event(icalcomponent *event)
{
    icalproperty *sequence = find(event, ICAL_SEQUENCE_PROPERTY);
    icalproperty *status = find(event, ICAL_STATUS_PROPERTY);
    icalproperty *override = find(event, ICAL_RECURRENCEID_PROPERTY);
    icalproperty *modified = find(event, ICAL_LASTMODIFIED_PROPERTY);
    bool has_end = find(event, ICAL_DTEND_PROPERTY) || find(event, ICAL_DURATION_PROPERTY);
    struct icaltimetype start = icalcomponent_get_dtstart(event);

    printf("{\"kind\": \"event\", ");
    print_string("uid", icalcomponent_get_uid(event));
    /* icalcomponent_get_recurrenceid of libical 3.0 leaves the zone out; this call resolves it. */
    print_time("recurrence_id", override ? icalproperty_get_datetime_with_component(override, event)
                                         : icaltime_null_time());
    print_time("start_utc", start);
    print_time("end_utc", has_end ? icalcomponent_get_dtend(event) : icaltime_null_time());
    print_string("status", status ? icalproperty_status_to_string(icalproperty_get_status(status)) : NULL);
    print_string("summary", icalcomponent_get_summary(event));
    if (sequence)
        printf("\"sequence\": %d, ", icalproperty_get_sequence(sequence));
    else
        printf("\"sequence\": null, ");
    print_time("last_modified", modified ? icalproperty_get_lastmodified(modified) : icaltime_null_time());
    printf("\"all_day\": %s}\n", start.is_date ? "true" : "false");
}

static void print_busy(icalcomponent *component)
{
    /* Before the loop: a component has one property iterator, and get_uid would begin it anew. */
    const char *uid = icalcomponent_get_uid(component);
    for (icalproperty *line = find(component, ICAL_FREEBUSY_PROPERTY); line;
         line = icalcomponent_get_next_property(component, ICAL_FREEBUSY_PROPERTY)) {
        struct icalperiodtype period = icalproperty_get_freebusy(line);
        if (icaltime_is_null_time(period.end))
            period.end = icaltime_add(period.start, period.duration);
        const char *type = icalproperty_get_parameter_as_string(line, "FBTYPE");
        printf("{\"kind\": \"busy\", ");
        print_string("uid", uid);
        print_string("recurrence_id", NULL);
        print_time("start_utc", period.start);
        print_time("end_utc", period.end);
        print_string("status", type ? type : "BUSY");
        printf("\"summary\": null, \"sequence\": null, \"last_modified\": null, \"all_day\": false}\n");
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: read_libical FILE\n");
        return 2;
    }
    icalcomponent *calendar = icalparser_parse_string(read_all(argv[1]));
    if (!calendar || icalcomponent_isa(calendar) == ICAL_NO_COMPONENT) {
        fprintf(stderr, "libical: not iCalendar\n");
        return 1;
    }
    if (icalcomponent_count_errors(calendar) > 0) {
        fprintf(stderr, "libical: %d errors:\n%s\n", icalcomponent_count_errors(calendar),
                icalcomponent_as_ical_string(calendar));
        return 1;
    }
    for (icalcompiter i = icalcomponent_begin_component(calendar, ICAL_VEVENT_COMPONENT);
         icalcompiter_deref(&i); icalcompiter_next(&i))
        print_event(icalcompiter_deref(&i));
    for (icalcompiter i = icalcomponent_begin_component(calendar, ICAL_VFREEBUSY_COMPONENT);
         icalcompiter_deref(&i); icalcompiter_next(&i))
        print_busy(icalcompiter_deref(&i));
    return 0;
}
