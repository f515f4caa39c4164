//! Partial retrieval: the components and properties that are asked for (RFC 4791 §9.6.1 to §9.6.4).

use super::{Budget, Comp, Prop, RecurrenceSet, Selection, TooMany, expand, limit};
use crate::ical::object::{Component, Object, Property};
use crate::time::Zone;

pub(super) fn select(
    object: &Object,
    selection: &Selection,
    floating: &Zone,
    budget: &mut Budget,
) -> Result<String, TooMany> {
    let mut calendar = match selection.recurrence {
        Some(RecurrenceSet::Expand(window)) => expand::expand(object, window, floating, budget)?,
        Some(RecurrenceSet::Limit(window)) => limit::overrides(object, window, floating)?,
        None => object.calendar.clone(),
    };
    if let Some(window) = selection.limit_freebusy_set {
        limit::free_busy(&mut calendar, window);
    }
    let text = match &selection.comp {
        None => calendar.to_ical(),
        Some(comp) if !comp.name.eq_ignore_ascii_case(&calendar.name) => String::new(),
        Some(comp) => wanted(&calendar, comp).to_ical(),
    };
    budget.bytes = budget.bytes.checked_sub(text.len()).ok_or(TooMany)?;
    Ok(text)
}

/// What `comp` asks for of `component`. No deeper than the component is.
fn wanted(component: &Component, comp: &Comp) -> Component {
    let properties = match &comp.props {
        None => component.properties.clone(),
        Some(props) => component.properties.iter().filter_map(|property| property_of(property, props)).collect(),
    };
    let components = match &comp.comps {
        None => component.components.clone(),
        Some(comps) => {
            let asked = |inner: &Component| {
                let comp = comps.iter().find(|comp| comp.name.eq_ignore_ascii_case(&inner.name))?;
                Some(wanted(inner, comp))
            };
            component.components.iter().filter_map(asked).collect()
        }
    };
    Component { name: component.name.clone(), properties, components }
}

fn property_of(property: &Property, props: &[Prop]) -> Option<Property> {
    let prop = props.iter().find(|prop| property.is(&prop.name))?;
    let mut property = property.clone();
    if prop.no_value {
        property.value.clear();
    }
    Some(property)
}
