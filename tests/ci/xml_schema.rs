//! A checker of XML documents against an XML Schema, which it reads itself. It knows the constructs that the
//! schema of JUnit results uses, and refuses a schema with any other.

use roxmltree::{Document, Node};

/// The one pattern of the schema: a time in seconds, as a regular expression.
const SECONDS: &str = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?";

/// Returns everything in a document that the schema does not allow.
pub fn violations(schema: &Document<'_>, document: &Document<'_>) -> Vec<String> {
    let checker = Checker { schema: schema.root_element() };
    let mut found = Vec::new();
    checker.element(document.root_element(), &mut found);
    found
}

struct Checker<'s> {
    schema: Node<'s, 's>,
}

impl<'s> Checker<'s> {
    /// Finds what the schema declares at its top under a name.
    fn declared(&self, kind: &str, name: &str) -> Option<Node<'s, 's>> {
        let mut children = parts(self.schema);
        children.find(|node| node.has_tag_name(kind_of(kind)) && node.attribute("name") == Some(name))
    }

    /// Checks an element that the schema declares at its top.
    fn element(&self, element: Node<'_, '_>, found: &mut Vec<String>) {
        match self.declared("element", element.tag_name().name()) {
            None => found.push(format!("<{}> is not known", element.tag_name().name())),
            Some(declaration) => self.against(declaration, element, found),
        }
    }

    fn against(&self, declaration: Node<'s, 's>, element: Node<'_, '_>, found: &mut Vec<String>) {
        let name = element.tag_name().name();
        let type_of = match declaration.attribute("type") {
            Some("xs:string") => {
                if element.children().any(|child| child.is_element()) || element.attributes().len() > 0 {
                    found.push(format!("<{name}> holds more than text"));
                }
                return;
            }
            Some(named) => self.declared("complexType", named).expect("the type is declared"),
            None => parts(declaration).next().expect("the type stands inside"),
        };
        assert!(type_of.has_tag_name(kind_of("complexType")), "a type that is not known here: {type_of:?}");
        let is_mixed = type_of.attribute("mixed") == Some("true");
        let is_blank = |node: Node<'_, '_>| node.text().is_none_or(|text| text.trim().is_empty());
        if !is_mixed && !element.children().filter(|child| child.is_text()).all(is_blank) {
            found.push(format!("<{name}> holds text"));
        }
        self.attributes(type_of, element, found);
        let children: Vec<Node<'_, '_>> = element.children().filter(Node::is_element).collect();
        let group = parts(type_of).find(|part| !part.has_tag_name(kind_of("attribute")));
        let taken = group.map_or(0, |group| self.take(group, &children));
        if taken < children.len() {
            found.push(format!("<{}> cannot stand there in <{name}>", children[taken].tag_name().name()));
        }
        for child in children {
            self.element(child, found);
        }
    }

    fn attributes(&self, type_of: Node<'s, 's>, element: Node<'_, '_>, found: &mut Vec<String>) {
        let name = element.tag_name().name();
        let declared: Vec<Node<'s, 's>> =
            parts(type_of).filter(|part| part.has_tag_name(kind_of("attribute"))).collect();
        for declaration in &declared {
            let attribute = declaration.attribute("name").expect("an attribute has a name");
            match (element.attribute(attribute), declaration.attribute("type")) {
                (None, _) if declaration.attribute("use") == Some("required") => {
                    found.push(format!("<{name}> has no {attribute}"));
                }
                (None, _) | (Some(_), Some("xs:string")) => {}
                (Some(value), Some(simple)) => {
                    if !self.is_simple(simple, value) {
                        found.push(format!("<{name} {attribute}=\"{value}\"> is no {simple}"));
                    }
                }
                (Some(_), None) => panic!("an attribute without a type: {attribute}"),
            }
        }
        for attribute in element.attributes() {
            if !declared.iter().any(|declaration| declaration.attribute("name") == Some(attribute.name())) {
                found.push(format!("<{name}> has {}, which is not known", attribute.name()));
            }
        }
    }

    /// Returns whether a value is of a type that the schema restricts by a pattern.
    fn is_simple(&self, name: &str, value: &str) -> bool {
        let declared = self.declared("simpleType", name).expect("the type is declared");
        let pattern = declared.descendants().find(|node| node.has_tag_name(kind_of("pattern")));
        let pattern = pattern.and_then(|node| node.attribute("value")).expect("a pattern restricts it");
        assert_eq!(pattern, SECONDS, "a pattern that is not known here");
        // Groups of at most three digits, one after another, are any digits; behind a comma there are three.
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole) && digits(fraction) && fraction.len() <= 3
    }

    /// Returns how many of the children, from the first on, a group takes.
    fn take(&self, group: Node<'s, 's>, children: &[Node<'_, '_>]) -> usize {
        let most = match group.attribute("maxOccurs") {
            Some("unbounded") => usize::MAX,
            None => 1,
            other => panic!("an occurrence that is not known here: {other:?}"),
        };
        let mut taken = 0;
        for _ in 0..most {
            let rest = &children[taken..];
            let more = match group.tag_name().name() {
                "element" => {
                    let name = group.attribute("ref").or(group.attribute("name"));
                    usize::from(rest.first().is_some_and(|child| Some(child.tag_name().name()) == name))
                }
                "choice" => {
                    parts(group).map(|part| self.take(part, rest)).find(|&more| more > 0).unwrap_or(0)
                }
                "sequence" => parts(group).fold(0, |at, part| at + self.take(part, &rest[at..])),
                other => panic!("a construct that is not known here: {other}"),
            };
            if more == 0 {
                break;
            }
            taken += more;
        }
        taken
    }
}

fn parts<'s>(node: Node<'s, 's>) -> impl Iterator<Item = Node<'s, 's>> {
    node.children().filter(Node::is_element)
}

fn kind_of(kind: &str) -> (&'static str, &str) {
    ("http://www.w3.org/2001/XMLSchema", kind)
}
