//! The state graph as DOT and as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::json::SCHEMA;
use super::layout::document;
use crate::program::Models;

/// A graph to be written: plain data, so that whoever has one can fill it in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphView {
    /// The program's name.
    pub program: String,
    /// The models it was explored under.
    pub models: Models,
    /// The nodes; the first is the initial state.
    pub nodes: Vec<NodeView>,
    /// The edges.
    pub edges: Vec<EdgeView>,
    /// True when the search was cut, and the graph is only a part.
    pub cut: bool,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NodeView {
    /// `decision`, `final`, `deadlock`, `fault`, `assume`, `branch` (between two decisions) or `unexpanded`.
    pub kind: &'static str,
    /// What stands in it, lines separated by line breaks.
    pub label: String,
    /// The strongly connected component it belongs to.
    pub component: u32,
}

/// An edge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EdgeView {
    /// Index of the node it leaves.
    pub from: usize,
    /// Index of the node it leads to.
    pub to: usize,
    /// The steps: `A1`, `B=5`, `A~x`.
    pub label: String,
}

/// Writes a graph in the language of Graphviz.
pub fn graph_dot(graph: &GraphView) -> String {
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(text, "{line}").expect("a string takes everything");
    };
    line(format_args!("// {} nodes, {} edges{}", graph.nodes.len(), graph.edges.len(), part(graph)));
    line(format_args!("digraph {} {{", quoted(&graph.program)));
    line(format_args!("  label={};", quoted(&format!("{} ({})", graph.program, graph.models))));
    line(format_args!("  rankdir=TB;"));
    line(format_args!("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=monospace];"));
    line(format_args!("  edge [fontname=monospace];"));
    for (index, node) in graph.nodes.iter().enumerate() {
        let initial = if index == 0 { ", penwidth=2" } else { "" };
        line(format_args!("  n{index} [label={}{}{initial}];", quoted(&node.label), look(node.kind)));
    }
    for edge in &graph.edges {
        line(format_args!("  n{} -> n{} [label={}];", edge.from, edge.to, quoted(&edge.label)));
    }
    line(format_args!("}}"));
    text
}

fn part(graph: &GraphView) -> &'static str {
    if graph.cut { "; the search was cut, this is only a part of the graph" } else { "" }
}

fn look(kind: &str) -> &'static str {
    match kind {
        "final" => ", fillcolor=palegreen, peripheries=2",
        "deadlock" => ", fillcolor=lightsalmon, peripheries=2",
        "fault" => ", fillcolor=tomato, peripheries=2",
        "assume" => ", fillcolor=lightgray",
        "branch" => ", style=\"rounded,dashed\"",
        "unexpanded" => ", style=\"rounded,dotted\"",
        _ => "",
    }
}

/// Quotes a text for DOT; line breaks become breaks of the label.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[derive(Serialize)]
struct GraphJson<'a> {
    schema: &'static str,
    program: &'a str,
    switch: &'static str,
    memory: &'static str,
    complete: bool,
    nodes: &'a [NodeView],
    edges: &'a [EdgeView],
}

/// Writes a graph as a JSON document; edges name nodes by their index.
pub fn graph_json(graph: &GraphView) -> String {
    document(&GraphJson {
        schema: SCHEMA,
        program: &graph.program,
        switch: graph.models.switch.word(),
        memory: graph.models.memory.word(),
        complete: !graph.cut,
        nodes: &graph.nodes,
        edges: &graph.edges,
    })
}
