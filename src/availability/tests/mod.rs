mod algebra;
mod brute;
mod corpus;
mod engine;
mod world;
